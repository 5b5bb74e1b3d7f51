"""The networks of the ladder's tasks, as modules of flax."""
