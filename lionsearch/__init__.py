"""lionsearch: finding optimizers by program search."""
