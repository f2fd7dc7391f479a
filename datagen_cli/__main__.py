"""`python -m datagen_cli` is `datagen`."""

from datagen_cli.cli.app import main

main()
