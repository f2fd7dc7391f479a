"""Which `seed` the product sends for which item: the bench knows an item by it, whoever asks.

    python -m benchmarks.items RUN_SEED COUNT ATTEMPTS FOLDER

writes `items.json` (seed → item, for every attempt at a slot) and `seeds.json` (the seed of each slot's first attempt).
A process of its own, so that the one that measures stays small.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from datagen_cli.core.chat import Draw
from datagen_cli.llm.client import draw_seed


def write_items(run_seed: int, count: int, attempts: int, folder: Path) -> None:
    """Writes both files for slots 0 … count − 1 and attempts 1 … attempts."""
    table = {
        draw_seed(run_seed, Draw(slot, attempt, "generate")): slot
        for attempt in range(attempts, 0, -1)
        for slot in range(count)
    }
    seeds = [draw_seed(run_seed, Draw(slot, 1, "generate")) for slot in range(count)]
    (folder / "items.json").write_text(json.dumps(table), encoding="utf-8")
    (folder / "seeds.json").write_text(json.dumps(seeds), encoding="utf-8")


if __name__ == "__main__":
    write_items(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
