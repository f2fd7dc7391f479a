"""From a recipe to a run: build, runner, checkpoints, and the files a run leaves."""
