"""What `import lionsearch` offers: the same as the commands, as functions that return values."""
