"""Optimizers that are no programs: of optax, of the user, and those that ask more of training than a gradient."""
