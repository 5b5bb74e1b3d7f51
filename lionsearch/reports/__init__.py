"""A run as one page of HTML for people. No JAX, but where a program is identified or trained."""
