"""L-BFGS with the last three pairs and a fixed step in place of the line search.

    s_i = w_i - w_(i-1),  y_i = g_i - g_(i-1), for the last three steps
    d <- H g, by the two-loop recursion from H_0 = <s_1, y_1> / <y_1, y_1>
    w <- w - lr d

Pair 1 is the newest. The first step is the gradient, scaled to a norm of at most 1.

Source: Liu & Nocedal 1989 (Math. Programming 45), algorithm 2.1; Nocedal & Wright 2006, algorithm 7.4.
Group: second-order
"""


def train(w, g, w_last, g_last, s1, y1, s2, y2, s3, y3, lr, t, *, lr_scale=1.0):
    s3 = s2
    y3 = y2
    s2 = s1
    y2 = y1
    s1 = where(t > 1, w - w_last, 0)
    y1 = where(t > 1, g - g_last, 0)
    w_last = w
    g_last = g
    a1 = dot(s1, g) / dot(s1, y1)
    d = g - a1 * y1
    a2 = dot(s2, d) / dot(s2, y2)
    d = d - a2 * y2
    a3 = dot(s3, d) / dot(s3, y3)
    d = d - a3 * y3
    curved = where(dot(y1, y1) > 0, dot(s1, y1) / dot(y1, y1), 1)
    d = d * where(t > 1, curved, minimum(1 / global_norm(g), 1))
    d = d + (a3 - dot(y3, d) / dot(s3, y3)) * s3
    d = d + (a2 - dot(y2, d) / dot(s2, y2)) * s2
    d = d + (a1 - dot(y1, d) / dot(s1, y1)) * s1
    return d * (lr * lr_scale), w_last, g_last, s1, y1, s2, y2, s3, y3
