"""The source of a method, as a page, a table for a paper or a card names it; and the works that several cite."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Citation:
    """A published work. `authors` are `Surname, Given` joined by ` and `, the last of which may be `others`.

    `where` is a venue, or `arXiv:1802.01886`.
    """

    key: str
    authors: str
    year: int
    title: str
    where: str

    @property
    def short(self) -> str:
        """`Zhu et al. 2018, arXiv:1802.01886`."""
        names = [name.split(",")[0].strip() for name in self.authors.split(" and ")]
        whose = f"{names[0]} et al." if len(names) > 2 or names[-1] == "others" else " and ".join(names)
        return f"{whose} {self.year}, {self.where}"

    def bibtex(self) -> str:
        """An entry for a `.bib` file, on several lines."""
        place = ("eprint", self.where.removeprefix("arXiv:")) if self._on_arxiv else ("howpublished", self.where)
        fields = [("author", self.authors), ("title", f"{{{self.title}}}"), ("year", str(self.year)), place]
        fields += [("archiveprefix", "arXiv")] if self._on_arxiv else []
        inside = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields)
        return f"@misc{{{self.key},\n{inside}\n}}"

    @property
    def _on_arxiv(self) -> bool:
        return self.where.startswith("arXiv:")


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
