"""What a program computes: over a space of leaves, by the NumPy oracle, along a recording. No JAX compilation."""
