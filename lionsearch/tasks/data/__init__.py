"""Data sets of the ladder's tasks: where they are found, and arrays made of them, always with the same splits."""
