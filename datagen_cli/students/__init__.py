"""Students: models trained on a dataset, to see what it teaches."""
