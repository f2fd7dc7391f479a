"""Measures of a dataset: one a file, a pure function first, then the short class that plugs it in."""
