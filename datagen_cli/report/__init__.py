"""Pages that draw what was computed elsewhere."""
