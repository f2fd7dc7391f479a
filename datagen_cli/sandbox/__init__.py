"""Running programs that a model wrote: a screen, the Monty interpreter, and a confined CPython behind a fork server."""
