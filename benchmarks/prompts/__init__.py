"""How a small real model follows the prompts of shipped recipes: `make bench-prompts`."""
