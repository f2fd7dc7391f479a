"""The published works that several measures come from."""

from __future__ import annotations

from datagen_cli.core.citation import Citation

DATAGEN = Citation(
    "huang2024datagen", "Huang, Yue and others", 2024,
    "DataGen: Unified Synthetic Dataset Generation via Large Language Models", "arXiv:2406.18966",
)  # fmt: skip
RESEMBLANCE = Citation(
    "broder1997resemblance", "Broder, Andrei Z.", 1997,
    "On the resemblance and containment of documents", "Compression and Complexity of Sequences",
)  # fmt: skip
