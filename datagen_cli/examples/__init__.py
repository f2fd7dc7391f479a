"""Few-shot choice: one strategy a file."""
