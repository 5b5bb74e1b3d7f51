"""The table of transforms: each turns one program into another, and what it does stands in its template.

Schedules multiply `lr`; step 1 is what optax calls step 0. Clipping and L2 act on the gradient before the program
reads it; decoupled decay and Lookahead act on what the program returns.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from lionsearch.graph import check_program
from lionsearch.lang import Program


@dataclass(frozen=True)
class Transform:
    """One row of the table.

    Attributes:
        name: in expressions.
        description: one line.
        source: where it comes from.
        text: the template; `inner = g` is the place of the program, `other = g` of a second one.
    """

    name: str
    description: str
    source: str
    text: str

    @cached_property
    def template(self) -> Program:
        """The template as a program."""
        return check_program(self.text, f"<{self.name}>")

    @property
    def programs(self) -> int:
        """How many programs it takes."""
        return 1 + any(statement.target == "other" for statement in self.template.statements)

    @property
    def settings(self) -> dict[str, float]:
        """What can be set, with defaults."""
        return {name: value for name, value in self.template.hyperparameters if name != "lr_scale"}


def _gradient(name: str, description: str, source: str, settings: str, expression: str) -> Transform:
    """Return a transform of the gradient."""
    text = f"def train(w, g, lr, *, {settings}):\n    g = {expression}\n    inner = g\n    return inner\n"
    return Transform(name, description, source, text)


def _schedule(name: str, description: str, source: str, settings: str, lines: str, factor: str = "f") -> Transform:
    """Return a transform of the learning rate; the lines compute `f` from the step `s`, which starts at 0."""
    body = "".join(f"    {line.strip()}\n" for line in ("s = t - 1", *lines.strip().splitlines()))
    text = f"def train(w, g, lr, t, *, {settings}):\n{body}    lr = lr * {factor}\n    inner = g\n    return inner\n"
    return Transform(name, description, source, text)


_PI = "get_pi()"

_ROWS = (
    # weight decay
    _gradient(
        "l2", "coupled weight decay: g + weight_decay w", "folklore", "weight_decay=0.01", "g + w * weight_decay"
    ),
    Transform(
        "decay",
        "decoupled weight decay: w shrinks by lr weight_decay w",
        "Loshchilov & Hutter 2019 (arXiv 1711.05101)",
        """
def train(w, g, lr, *, weight_decay=0.01, lr_scale=0.001):
    inner = g
    return inner + w * weight_decay * (lr * lr_scale)
""",
    ),
    # clipping
    _gradient("clip_value", "each element of g within +-limit", "folklore", "limit=1.0", "clamp(g, -limit, limit)"),
    _gradient(
        "clip_norm",
        "g scaled to a global norm of at most limit",
        "Pascanu et al. 2013 (arXiv 1211.5063)",
        "limit=1.0",
        "clip(g, limit)",
    ),
    _gradient(
        "clip_tensor_norm",
        "each tensor of g scaled to a norm of at most limit",
        "folklore",
        "limit=1.0",
        "g / maximum(norm(g) / limit, 1)",
    ),
    _gradient(
        "clip_tensor_rms",
        "each tensor of g scaled to a root mean square of at most limit",
        "Shazeer & Stern 2018 (arXiv 1804.04235), section 6",
        "limit=1.0",
        "g / maximum(sqrt(mean(g * g)) / limit, 1)",
    ),
    _gradient(
        "clip_adaptive",
        "the gradient of each output unit at most limit times as long as its weights",
        "Brock et al. 2021 (arXiv 2102.06171), equation 3",
        "limit=0.01, eps=0.001",
        "where(unit_norm(g) > limit * maximum(unit_norm(w), eps),"
        " g * (limit * maximum(unit_norm(w), eps) / maximum(unit_norm(g), 0.000001)), g)",
    ),
    _gradient("normalize", "g divided by its global norm", "Nesterov 1984", "eps=0.0", "g / (global_norm(g) + eps)"),
    # wrappers
    Transform(
        "lookahead",
        "every k steps the weights go back to slow ones that followed them by alpha",
        "Zhang et al. 2019 (arXiv 1907.08610), algorithm 1",
        """
def train(w, g, slow, lr, t, *, k=5, alpha=0.5):
    inner = g
    slow = where(t == 1, w, slow)
    fast = w - inner
    sync = t % k == 0
    mixed = interp(slow, fast, alpha)
    slow = where(sync, mixed, slow)
    return w - where(sync, mixed, fast), slow
""",
    ),
    Transform(
        "sam",
        "the gradient at w + rho g / ||g|| instead of g",
        "Foret et al. 2021 (arXiv 2010.01412), algorithm 1",
        """
def train(w, g, lr, g_ahead, *, rho=0.05):
    g = g_ahead
    inner = g
    return inner
""",
    ),
    Transform(
        "cautious",
        "only where update and gradient agree in sign, scaled up by the share that agrees",
        "Liang et al. 2024 (arXiv 2411.16085), algorithm 1",
        """
def train(w, g, lr):
    inner = g
    agree = inner * g > 0
    return inner * agree * (size(w) / (sum(agree) + 1))
""",
    ),
    Transform(
        "matrices",
        "the first program for tensors of two and more axes, the second for vectors and numbers",
        "Jordan et al. 2024 (Muon), as a rule for any two programs",
        """
def train(w, g, lr):
    inner = g
    other = g
    return where(dimensions(w) > 1, inner, other)
""",
    ),
    # schedules
    _schedule(
        "warmup", "lr rises linearly over so many steps", "Goyal et al. 2017", "steps=100", "f = minimum(s / steps, 1)"
    ),
    _schedule(
        "cosine",
        "lr falls to 0 as half a cosine",
        "Loshchilov & Hutter 2017 (arXiv 1608.03983)",
        "total=1000",
        f"f = 0.5 * (1 + cos(minimum(s / total, 1) * {_PI}))",
    ),
    _schedule(
        "warmup_cosine",
        "lr rises linearly, then falls to 0 as half a cosine; total counts the warm-up",
        "Loshchilov & Hutter 2017 (arXiv 1608.03983)",
        "warmup=100, total=1000",
        f"""
        falling = 0.5 * (1 + cos(clamp((s - warmup) / (total - warmup), 0, 1) * {_PI}))
        f = where(s < warmup, s / warmup, falling)
        """,
    ),
    _schedule(
        "one_cycle",
        "lr rises from 1/25 over the first 30 %, then falls to 1/250000, both as half cosines",
        "Smith & Topin 2018 (arXiv 1708.07120)",
        "total=1000, rising=0.3, start=25, final=10000",
        f"""
        turn = total * rising
        up = 0.5 * (1 + cos(clamp(s / turn, 0, 1) * {_PI}))
        down = 0.5 * (1 + cos(clamp((s - turn) / (total - turn), 0, 1) * {_PI}))
        f = where(s < turn, interp(1, 1 / start, up), interp(1 / start / final, 1, down))
        """,
    ),
    _schedule(
        "exponential",
        "lr shrinks by rate over so many steps",
        "folklore",
        "rate=0.96, steps=100",
        "f = rate ** (s / steps)",
    ),
    _schedule(
        "inverse_sqrt",
        "lr rises linearly, then falls with the square root of the step",
        "Vaswani et al. 2017 (arXiv 1706.03762), equation 3",
        "warmup=100",
        "f = minimum(t / warmup, sqrt(warmup / t))",
    ),
    _schedule(
        "wsd",
        "warm-up, stable, decay: lr rises linearly, stays, and falls linearly to 0 from decay_at to total",
        "Hu et al. 2024 (arXiv 2404.06395)",
        "warmup=100, decay_at=800, total=1000",
        "f = minimum(s / warmup, 1) * clamp((total - s) / (total - decay_at), 0, 1)",
    ),
    _schedule(
        "restarts",
        "lr falls to 0 as half a cosine, again and again",
        "Loshchilov & Hutter 2017 (arXiv 1608.03983)",
        "period=100",
        f"f = 0.5 * (1 + cos(s % period / period * {_PI}))",
    ),
)

TRANSFORMS: dict[str, Transform] = {row.name: row for row in _ROWS}
"""All transforms by name."""
