"""Shorter programs that do the same, and what known optimizer a program is."""
