"""What the simulated model writes with: sections of lines, read by `offline/corpus.py`."""
