"""`hf`: the folder that the Hugging Face hub shows as a dataset: `data/SPLIT.parquet`, and the card on top."""

from __future__ import annotations

from typing import ClassVar

from datagen_cli.export.parquet import Parquet


class HuggingFace(Parquet):
    """The folder of a dataset on the hub: Parquet files and the card. Simulated rows are refused unless allowed."""

    folder: ClassVar[str] = "data"
    refuses_simulated: ClassVar[bool] = True
