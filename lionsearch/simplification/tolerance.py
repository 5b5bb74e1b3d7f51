"""What a simplification may cost where nobody says otherwise."""

DEFAULT_TOLERANCE = 0.03
"""In units of the score: 1 is what tuned AdamW gains over no training."""
