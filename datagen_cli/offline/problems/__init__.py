"""Math word problems: told, read back, worked out and programmed."""
