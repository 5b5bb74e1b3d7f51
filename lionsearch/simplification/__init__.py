"""Shorter programs that do the same: exactly, or within what their scores may lose."""
