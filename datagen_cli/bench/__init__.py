"""Comparing generators, ready datasets and variants of a recipe: everything is fixed but what is compared."""
