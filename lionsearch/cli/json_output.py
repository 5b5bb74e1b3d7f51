"""Results as JSON on standard output."""

from __future__ import annotations

import json
import math
from typing import Any


def print_json(content: Any) -> None:
    """Print JSON; a number that is not finite, which JSON does not have, is null."""
    print(json.dumps(_finite(content), indent=1, allow_nan=False))


def _finite(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
