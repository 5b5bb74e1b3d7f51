"""Which known optimizers a program has the form of: the same but for constants, told without fitting any.

`identify` says more: whether there are constants with which they are equal, which, and transforms. The forms of the
known programs take seconds to find, so they are kept beside the code; a test says when they are to be written anew:
`python -m lionsearch.identification.forms`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from lionsearch.identification.canonical import canonicalize
from lionsearch.lang import Program

_FILE = Path(__file__).with_name("forms.json")


def name_form(program: Program) -> str:
    r"""Return the names of the known programs that a program is but for constants; "" if it is none.

    Examples:
        >>> from lionsearch.lang import parse
        >>> name_form(parse("def train(w, g, m, lr):\n  m = m * 0.8 + g * 0.2\n  return sign(m) * lr * 0.1, m"))
        'lion, signum, tiger'
    """
    return ", ".join(_known().get(canonicalize(program).skeleton.hex(), ()))


def find_forms() -> dict[str, list[str]]:
    """Return the known programs of each form, as they are now; this takes seconds."""
    from lionsearch.identification.matching import list_forms

    found: dict[str, set[str]] = {}
    for name, skeleton in list_forms():
        found.setdefault(skeleton.hex(), set()).add(name)
    return {form: sorted(names) for form, names in sorted(found.items())}


@cache
def _known() -> Mapping[str, list[str]]:
    return json.loads(_FILE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    lines = (f"{json.dumps(form)}: {json.dumps(names)}" for form, names in find_forms().items())
    _FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
