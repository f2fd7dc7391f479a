"""Typed constraints: each is put into the prompt in words, checked, and named again in the one re-ask."""
