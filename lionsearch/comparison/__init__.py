"""Programs against each other: tuned alike, trained on the same seeds, compared seed by seed."""
