"""The functions that exported files for JAX and for PyTorch call alike; a file holds the text of those it needs."""

from __future__ import annotations

from numbers import Real


def _exp10(x):
    """Return 10^x."""
    return 10.0**x


def _check(name, value, default, low, high):
    """Raise if a number that the caller gives is out of range; the program's own may be any."""
    if isinstance(value, Real) and value != default and not (low <= value <= high and abs(float(value)) < float("inf")):
        raise ValueError(f"{name} is {value}; expected a finite number from {low:g} to {high:g}")
