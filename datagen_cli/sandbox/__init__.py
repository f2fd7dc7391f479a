"""Running programs that a model wrote: a screen, and a confined CPython behind a fork server."""
