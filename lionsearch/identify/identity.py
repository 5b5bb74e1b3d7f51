"""What is this program? A known method up to constants, transforms of one included; else what it is near to."""

from __future__ import annotations

from dataclasses import dataclass

from lionsearch.compose import TRANSFORMS
from lionsearch.identify.matching import Match, known_shape, match_known, shape_of_program, shipped_names, shorten
from lionsearch.lang import Program
from lionsearch.simplify.exact import simplify_exactly


@dataclass(frozen=True, slots=True)
class Identity:
    """The known method that a program is.

    Attributes:
        name: of the known program.
        transforms: names of transforms around it, the outermost first.
        hyperparameters: with which it is the program.
        also: other known programs that are the same rule with these constants.
    """

    name: str
    transforms: tuple[str, ...]
    hyperparameters: tuple[tuple[str, float], ...]
    also: tuple[str, ...]

    @property
    def method(self) -> str:
        """The known program in its transforms, without constants: `cautious(adamw)`."""
        whole = self.name
        for transform in reversed(self.transforms):
            whole = f"{transform}({whole})"
        return whole

    def __str__(self) -> str:
        """Return it as a sentence says it: lion with b1 = 0.9, b2 = 0.99."""
        values = ", ".join(f"{name} = {shorten(value, 4):.12g}" for name, value in self.hyperparameters)
        return f"{self.method} with {values}" if values else self.method


def identify(program: Program) -> Identity | None:
    r"""Return the known method that a program is up to constants, or None if it is none.

    The program is compared as it stands, then exactly simplified, then with every transform of every known program.

    Example:
        >>> from lionsearch.lang import parse
        >>> text = "def train(w, g, m, lr):\n  m = m * 0.8 + g * 0.2\n  return sign(m) * lr * 0.1, m"
        >>> str(identify(parse(text)))
        'signum with b1 = 0.8, weight_decay = 0, lr_scale = 0.1'
    """
    found = match_known(program)
    if not found:
        shorter, _ = simplify_exactly(program.inline_hyperparameters())
        found = match_known(shorter) or match_known(shorter, _compositions(shorter))
    return _describe(found) if found else None


def _compositions(program: Program) -> list[str]:
    """Return every transform of every known program that there is room for in the program."""
    whole = shape_of_program(program)
    names = [name for name in shipped_names() if whole.has_room_for(known_shape(name))]
    transforms = [row for row in TRANSFORMS.values() if row.programs == 1]
    fitting = [row.name for row in transforms if whole.has_room_for(shape_of_program(row.template))]
    return [f"{transform}({name})" for transform in fitting for name in names]


def _describe(found: list[Match]) -> Identity:
    best = found[0]
    *transforms, name = best.name.rstrip(")").split("(")
    also = tuple(match.name for match in found[1:] if match.free == best.free)
    return Identity(name, tuple(transforms), best.hyperparameters, also)
