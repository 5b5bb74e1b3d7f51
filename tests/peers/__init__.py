"""Programs and transforms against independent implementations of the same methods; `python -m tests.peers`."""
