"""What commands say of a run folder that is damaged."""

from __future__ import annotations

from datagen_cli.cli import console
from datagen_cli.runs.reader import RunReader


def say_damage(reader: RunReader) -> None:
    """Notes what could not be read; call it when all that is wanted has been read."""
    for what in reader.damage:
        console.note(f"{reader.folder}: {what}")
