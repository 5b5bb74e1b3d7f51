"""A program for people: LaTeX equations, and the graph as a picture."""
