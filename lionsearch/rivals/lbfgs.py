"""optax's L-BFGS with its zoom line search, on the batch of each step."""

from __future__ import annotations

import optax


def lbfgs(memory_size: int = 10, line_search_steps: int = 20) -> optax.GradientTransformationExtraArgs:
    """Return `optax.lbfgs` with a line search of the strong Wolfe conditions.

    The line search is on the batch of its step. Batches that change from step to step make the gradient differences
    that curvature is estimated by noisy: the method is made for batches of all training examples.

    Args:
        memory_size: how many pairs of differences are kept.
        line_search_steps: at most; each asks for one loss with its gradient.

    References:
        Nocedal & Wright 2006, Numerical Optimization, 2nd edition, algorithms 7.5, 3.5 and 3.6.
    """
    search = optax.scale_by_zoom_linesearch(line_search_steps, initial_guess_strategy="one")
    return optax.lbfgs(memory_size=memory_size, linesearch=search)
