"""Checks of a record that may ask a model, run a program or look something up."""
