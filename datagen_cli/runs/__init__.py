"""The run folder: its files, how they are written and locked, and the one reader of all commands that look into it."""
