"""Evaluation of datasets: reading them, running the measures, comparing, gates, and students."""
