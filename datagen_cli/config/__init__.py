"""From a recipe's YAML to the frozen `Recipe`: lines, includes, `--set`, environment, checks by name, JSON Schema."""
