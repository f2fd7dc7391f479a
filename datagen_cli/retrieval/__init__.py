"""Where claims are looked up: one source a file."""
