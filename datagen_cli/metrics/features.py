"""What several measures need of one dataset, computed when first asked for and then kept.

Tokens and terms are those of `text/tokens.py`: two texts with the same terms are the same up to case and punctuation.
For 100,000 texts of 60 tokens, tokens take 25 MB and terms 50 MB; n-grams are counted one length after the other and
only counts a text are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cached_property
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from datagen_cli.metrics.dataset import Dataset
from datagen_cli.metrics.ngrams import NGramCounts, TokenTable, count_ngrams, number_tokens
from datagen_cli.metrics.parts import Parts, deal
from datagen_cli.text.entities import Entity, find_entities
from datagen_cli.text.tokens import beside_a_dash, terms, tokens

if TYPE_CHECKING:
    from datagen_cli.text.embed import Embedder

LONGEST_NGRAM = 5
T = TypeVar("T")


class Features:
    """One dataset's texts, tokens, words, n-grams, entities and vectors. Every list has one entry a row.

    `embedder` makes the vectors; None: there are none. Without `cosines` they add nothing to a measure of words.
    """

    def __init__(self, dataset: Dataset, *, embedder: Embedder | None = None, cosines: bool = True) -> None:
        self.dataset = dataset
        self.embedder = embedder
        self.cosines = cosines
        self._kept: dict[Hashable, Any] = {}

    def __len__(self) -> int:
        return len(self.dataset)

    @property
    def texts(self) -> list[str]:
        """The text fields of each row, joined by a blank line."""
        return self.dataset.texts

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, made when first asked for under this key."""
        if key not in self._kept:
            self._kept[key] = make()
        return cast(T, self._kept[key])

    @cached_property
    def parts(self) -> Parts | None:
        """The parts that intervals leave out (see `parts.py`): by group, else by id where each stands once, else by
        row. Two datasets of the same ids have the same parts. None for fewer than two."""
        ids = self.dataset.ids
        own = ids if len(set(ids)) == len(ids) else [str(row) for row in range(len(self))]
        return deal(self.dataset.groups or own)

    @property
    def units(self) -> int:
        """How many rows or groups are independent of each other."""
        return len(self) if self.parts is None else self.parts.units

    @cached_property
    def words(self) -> TokenTable:
        """What white space parts, as numbers with names: whatever words are asked, each different one is asked once."""
        return number_tokens(map(str.split, self.texts))

    @cached_property
    def table(self) -> TokenTable:
        """The tokens of all texts, one after the other, as numbers."""
        return self.words.apart(tokens)

    @cached_property
    def tokens(self) -> list[NDArray[np.int32]]:
        """The tokens of each text as numbers of a vocabulary shared by the texts (not by other datasets)."""
        return self.table.split()

    @cached_property
    def terms(self) -> list[list[str]]:
        """The terms of each text; equal terms are mostly one string object."""
        known: dict[str, str] = {}
        of = [[known.setdefault(term, term) for term in terms(word)] for word in self.words.names]
        ids, ends = self.words.ids, self.words.offsets.tolist()
        found = [[*chain.from_iterable(map(of.__getitem__, ids[a:b].tolist()))] for a, b in pairwise(ends)]
        for row in self._minus_alone():
            found[row] = terms(self.texts[row])
        return found

    def _minus_alone(self) -> list[int]:
        """The texts in which a dash stands alone between numbers, where it is a term."""
        words = self.words
        facts = np.array([beside_a_dash(word) for word in words.names], np.bool_).reshape(-1, 3)[words.ids]
        places = np.flatnonzero(facts[1:-1, 0] & facts[:-2, 1] & facts[2:, 2]) + 1
        rows = [np.searchsorted(words.offsets, places + step, side="right") for step in (-1, 0, 1)]
        inside = (rows[0] == rows[1]) & (rows[1] == rows[2])
        return sorted({int(row) - 1 for row in rows[1][inside]})

    @cached_property
    def _ngrams(self) -> list[NGramCounts]:
        return list(count_ngrams(self.table, LONGEST_NGRAM, None if self.parts is None else self.parts.bits))

    def ngrams(self, n: int) -> NGramCounts:
        """How often each text's token n-grams stand in it and in others; n from 1 to 5."""
        return self._ngrams[n - 1]

    @cached_property
    def entities(self) -> list[list[Entity]]:
        """The named things and amounts of each text in order, as (type, string)."""
        return [find_entities(text) for text in self.texts]

    @cached_property
    def vectors(self) -> NDArray[np.float32] | None:
        """Unit vectors `[n, d]`, or None without an embedder."""
        return None if self.embedder is None else self.embedder.encode(self.texts)

    @property
    def embedder_signature(self) -> str:
        """What made the vectors; empty without an embedder."""
        return "" if self.embedder is None else self.embedder.signature

    def lack(self, least: int = 1) -> str:
        """Why measures of texts that need `least` rows cannot be computed; empty when they can."""
        if not len(self):
            return "no rows"
        if not self.dataset.text_fields:
            return "no text field"
        if not any(text and not text.isspace() for text in self.texts):
            return "no text in any row"
        return f"needs at least {least} rows, has {len(self)}" if len(self) < least else ""
