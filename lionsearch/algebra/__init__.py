"""Exact laws of the operations, and the normal form of values that follows from them. No JAX."""
