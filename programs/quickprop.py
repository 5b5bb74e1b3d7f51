"""Quickprop: a jump to the minimum of the parabola through two slopes of each weight.

    s = -g
    jump = mu d where s is beyond mu / (1 + mu) s_last on the side of d, else d s / (s_last - s)
    d <- jump + lr s where s points along d, jump elsewhere; lr s where |d| was below the threshold
    w <- w + d

Made for gradients of the whole training set. `d` is the last step, `s_last` the last slope.

Source: Fahlman 1988 (CMU-CS-88-162), as in the FANN library, without its decay.
Group: second-order
"""


def train(w, g, d, s_last, lr, *, mu=1.75, threshold=0.001, lr_scale=0.1):
    s = -g
    side = sign(d)
    ahead = s * side
    ahead_last = s_last * side
    parabola = abs(d) * ahead / (ahead_last - ahead)
    jump = where(ahead > mu / (1 + mu) * ahead_last, mu * abs(d), parabola)
    moving = side * (jump + maximum(ahead, 0) * (lr * lr_scale))
    d = where(abs(d) > threshold, moving, s * (lr * lr_scale))
    s_last = s
    return -d, d, s_last
