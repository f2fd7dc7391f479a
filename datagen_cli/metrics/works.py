"""The published works that measures and methods come from."""

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
CORRSYNTH = Citation(
    "kowshik2024corrsynth", "Kowshik, Suhas S and Divekar, Abhishek and Malik, Vijit", 2024,
    "CorrSynth: A Correlated Sampling Method for Diverse Dataset Generation from LLMs", "arXiv:2411.08553",
)  # fmt: skip
ATTRPROMPT = Citation(
    "yu2023attrprompt", "Yu, Yue and others", 2023,
    "Large Language Model as Attributed Training Data Generator: A Tale of Diversity and Bias", "arXiv:2306.15895",
)  # fmt: skip
