"""SVRG: gradients corrected by those at an anchor, an older copy of the weights.

    w <- w - lr (g - g_anchor + g_full)

The anchor moves to the weights every `anchor_every` steps; g_full is its gradient over all training examples. It is
the same as `programs/svrg.py`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from lionsearch.errors import SettingError, quote
from lionsearch.rivals.rival import Costs, Oracle


class SvrgState(NamedTuple):
    """What SVRG keeps.

    Attributes:
        anchor: a copy of the weights.
        full: the gradient of all training examples there.
    """

    anchor: Any
    full: Any


class Svrg:
    """SVRG.

    Args:
        anchor_every: steps from one anchor to the next.

    Raises:
        SettingError: if that is no whole number, or less than 1.

    References:
        Johnson & Zhang 2013 (NeurIPS 26), figure 1, option I.
    """

    def __init__(self, anchor_every: int = 30):
        if isinstance(anchor_every, bool) or not isinstance(anchor_every, int) or anchor_every < 1:
            raise SettingError(f"anchor_every is {quote(anchor_every)}; expected a whole number of steps, at least 1")
        self._every = anchor_every

    def init(self, weights: Any, count: int) -> SvrgState:
        """Return the weights as the anchor; its gradient is made in the first step."""
        del count
        return SvrgState(weights, jax.tree.map(jnp.zeros_like, weights))

    def step(self, oracle: Oracle, state: SvrgState) -> tuple[Any, SvrgState, Costs]:
        """Return the weights, the anchor and its gradient after a step.

        It costs a gradient at the anchor, and count / size gradients where the anchor moves.
        """
        moves = oracle.step % self._every == 0
        anchor, full = jax.lax.cond(
            moves, lambda: SvrgState(oracle.weights, oracle.full_gradient(oracle.weights)), lambda: state
        )
        at_anchor = oracle.gradient_at(anchor)
        weights = jax.tree.map(
            lambda w, g, old, mean: w - oracle.lr * (g - old + mean), oracle.weights, oracle.gradient, at_anchor, full
        )
        asked = Costs(gradients=1.0 + jnp.where(moves, oracle.count / oracle.size, 0.0))
        return weights, SvrgState(anchor, full), asked
