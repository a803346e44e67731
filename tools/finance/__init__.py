"""Arithmetic and money."""
