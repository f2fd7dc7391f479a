"""From a recipe to a run: build, runner, session, and what a run leaves in its folder."""
