"""A program for the world outside: optax, PyTorch, Python source, LaTeX, a graph.

`to_optax` and `to_torch`, and the modules `runtime_*` that exports take their functions from, load the libraries;
nothing else here does.
"""
