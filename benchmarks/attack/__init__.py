"""Attacks on the tool, as one command: `python -m benchmarks.attack`, or `make attack`."""
