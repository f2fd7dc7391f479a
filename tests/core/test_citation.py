"""Citations: a short form for words, an entry for BibTeX."""

from __future__ import annotations

from datagen_cli.core.citation import Citation


def test_one_two_and_many_authors() -> None:
    def short(authors: str) -> str:
        return Citation("key", authors, 1997, "On words", "Journal of Words 3").short

    assert short("Broder, Andrei Z.") == "Broder 1997, Journal of Words 3"
    assert short("Friedman, Dan and Dieng, Adji Bousso") == "Friedman and Dieng 1997, Journal of Words 3"
    assert short("Zhu, Yaoming and others") == "Zhu et al. 1997, Journal of Words 3"
    assert short("A, B and C, D and E, F") == "A et al. 1997, Journal of Words 3"


def test_bibtex_knows_arxiv() -> None:
    entry = Citation("zhu2018", "Zhu, Yaoming and others", 2018, "Texygen", "arXiv:1802.01886").bibtex()
    assert entry.startswith("@misc{zhu2018,\n  author = {Zhu, Yaoming and others},")
    assert "eprint = {1802.01886},\n  archiveprefix = {arXiv}\n}" in entry
    assert "howpublished = {A journal}" in Citation("k", "A, B", 2000, "T", "A journal").bibtex()
