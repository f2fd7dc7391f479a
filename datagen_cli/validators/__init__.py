"""Checks of a record: validators may ask a model or run something, constraints are functions of the fields."""
