"""Synthetic text datasets with LLMs, and measures of how good they are."""
