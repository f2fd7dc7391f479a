"""Enhancement, the place of DataGen's difficulty operators; without any, records pass as they are."""

from __future__ import annotations

from datagen_cli.core.ports import Context
from datagen_cli.core.record import Record, Slot
from datagen_cli.stages.generate import Unit

VERSION = 1


class Enhance:
    """Works on one record after its checks."""

    async def run(self, record: Record, slot: Slot, unit: Unit, ctx: Context) -> Record:
        """The record as it came: no operator is in the recipe."""
        return record
