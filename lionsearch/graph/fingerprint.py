"""Program -> a short text that is equal for programs which compute the same thing by construction.

It ignores names, dead code, the order of independent statements and the order of commutative arguments, sees
hyperparameters as their defaults, and folds constants (in float32, the precision of training). It is the key of the
evaluation cache. Invariant: equal fingerprints give equal float32 updates. Non-goal: algebra beyond folding.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import replace
from functools import lru_cache

import numpy as np

from lionsearch.graph.liveness import remove_dead_code
from lionsearch.graph.walk import statements, walk
from lionsearch.lang import COPY, INPUTS, OPERATIONS, Operation, Program

_ANY_CONSTANT = 0.5
_DIGEST_BYTES = 12
_pack = struct.Struct("<cf").pack


def fingerprint(program: Program) -> str:
    r"""Return the functional fingerprint: 24 hexadecimal digits.

    Examples:
        >>> from lionsearch.lang import parse
        >>> one = parse("def train(w, g, m, lr):\n  m = g * 2\n  return lr * g, m")
        >>> two = parse("def train(w, grad, lr): return grad * lr".replace("grad", "g"))
        >>> fingerprint(one) == fingerprint(two)
        True
    """
    return fingerprint_live(remove_dead_code(program))


def fingerprint_live(live: Program) -> str:
    """Return the fingerprint of a program without dead code."""
    values: dict[str, bytes] = {name: _digest(b"i" + name.encode()) for name in live.inputs}
    values.update((name, _digest(_input(live, name))) for name in live.optional_inputs)
    values.update((slot, _digest(b"s%d" % index)) for index, slot in enumerate(live.slots))
    if live.slot_kinds:
        values.update(
            (slot, _digest(b"s%d|%d" % (index, live.slot_kinds[index]))) for index, slot in enumerate(live.slots)
        )
    values.update((name, _constant(value)) for name, value in live.hyperparameters)
    walk(statements(live), values, _node, _constant)
    outputs = [values[name] for name in (live.update, *live.slots)]
    return hashlib.blake2b(b"|".join(outputs), digest_size=_DIGEST_BYTES).hexdigest()


def skeleton(program: Program) -> str:
    r"""Return the fingerprint of the program with all its constants alike: what is left are operations and data flow.

    Examples:
        >>> from lionsearch.lang import parse
        >>> one = parse("def train(w, g, m, lr):\n  m = interp(g, m, 0.9)\n  return m * lr, m")
        >>> two = parse("def train(w, g, m, lr):\n  m = interp(g, m, 0.5)\n  return lr * m, m")
        >>> skeleton(one) == skeleton(two), fingerprint(one) == fingerprint(two)
        (True, False)
    """
    program = program.inline_hyperparameters()
    alike = tuple(
        statement.map(lambda a: _ANY_CONSTANT if isinstance(a, float) else a) for statement in program.statements
    )
    return fingerprint(replace(program, statements=alike))


def _input(program: Program, name: str) -> bytes:
    """Return what names an optional input: its name, and how it is computed."""
    setting = INPUTS[name].setting
    given = b"" if setting is None else b"|" + _constant(program.settings[setting[0]])
    return b"i" + name.encode() + given


def _node(row: Operation, arguments: list[bytes]) -> bytes:
    """Return the digest of one operation on these digests; constants (5 bytes) are folded."""
    if row.name == COPY:
        return arguments[0]
    for argument in arguments:
        if len(argument) == _DIGEST_BYTES:
            break
    else:
        return _fold(row.name, tuple(arguments))
    if row.commutative:
        arguments.sort()
    return _digest(_CODES[row.name] + b"|".join(arguments))


_CODES = {name: b"o%s|" % name.encode() for name in OPERATIONS}  # names, so that a new row changes no fingerprint


@lru_cache(maxsize=65536)
def _fold(operation: str, arguments: tuple[bytes, ...]) -> bytes:
    elementwise = OPERATIONS[operation].elementwise
    assert elementwise is not None, "an operation over the tree cannot have constant arguments"
    values = [np.float32(struct.unpack("<cf", argument)[1]) for argument in arguments]
    with np.errstate(all="ignore"):
        return _constant(float(np.float32(elementwise(np, *values))))


def _constant(value: float) -> bytes:
    try:
        return _pack(b"c", float(value))  # -0.0 and 0.0 stay two constants: power(x, -1) tells them apart
    except OverflowError:
        return _pack(b"c", np.copysign(np.inf, value))


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_DIGEST_BYTES).digest()
