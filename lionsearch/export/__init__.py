"""A program for the world outside: optax, PyTorch, Python source, LaTeX, a graph.

`to_optax` and `to_torch` load their libraries; nothing else here does.
"""
