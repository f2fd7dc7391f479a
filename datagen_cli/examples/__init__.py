"""How few-shot examples are chosen: one strategy a file."""
