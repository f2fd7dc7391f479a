"""Texts that give our own prompt back: small models repeat what they were told instead of doing it.

A text is an echo when it holds five words in a row that only our templates and forms say, a whole sentence or ten words
in a row of what the recipe says of its dataset and fields, a whole rule or line on a field, or when it is as a whole a
sentence of either. Words between quotation marks are left out, since a rule may quote what a text must hold.
Attributes, labels and whatever stands in a fence are no part of it: records are meant to take them up.

A text is looked through word by word only where it holds the longest two neighbours of some run: few texts do. One of
100 words costs about 20 µs. Does *not* find an echo in other words.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

from datagen_cli.core.fields import About
from datagen_cli.core.pattern import compiled_later
from datagen_cli.prompts import wording
from datagen_cli.prompts.described import field_words
from datagen_cli.prompts.foreign import texts_in
from datagen_cli.prompts.rendering import shipped_template

OURS = 5
"""Words in a row that no text but an echo of our own words holds: none of 126,000 real texts does."""
WHOLE = 6
"""Words of a sentence, or of a rule, of the recipe that is known inside a text."""
AUTHORS = 10
"""The same of the recipe's words, which texts are meant to be about."""
SHORTEST = 4
"""Words of a sentence that is an echo where it is a text as a whole."""
WRITING = (
    "system", "generate", "system_given", "generate_given", "repair", "rewrite",
    "harder", "values",
)  # fmt: skip
"""Templates that ask for a text of a record, or for values of attributes."""
_FILLED = compiled_later(r"\{%(?:(?!\{%).)*?%\}|\{\{(?:(?!\{\{).)*?\}\}|\{#(?:(?!\{#).)*?#\}|\{\w++\}", re.DOTALL)
_QUOTED = compiled_later(r"\"[^\"\n]*\"|“[^“”\n]*+”|«[^«»\n]*+»|‘[^‘’\n]*+’|`[^`\n]*`|(?<!\w)'[^'\n]*'(?!\w)")
_SENTENCE_ENDS = compiled_later(r"(?<=[.!?])\s+|\n\s*\n")
_WORD = compiled_later(r"\w+")
Run = tuple[str, ...]


class Echoes:
    """The words of one run's prompts. `templates` are those of the recipe itself."""

    def __init__(self, about: About, templates: Sequence[str] = ()) -> None:
        told = [about.description, *(spec.description for spec in about.specs)]
        told += [part for text in templates for part in _FILLED.split(text)]
        said = {sentence for text in told for sentence in _sentences(_QUOTED.sub(" ", text))}
        meant = {sentence for text in about.meanings.values() for sentence in _sentences(_QUOTED.sub(" ", text))}
        rules = {_words(_QUOTED.sub(" ", rule)) for rule in (*about.sentences, *map(field_words, about.specs))}
        self._asked = [spec.name for spec in about.asked]
        self._sentences = said | meant | rules
        self._runs = {run for sentence in said | meant for run in _runs(sentence, AUTHORS)}
        self._runs |= {words for words in said if WHOLE <= len(words) < AUTHORS}
        self._runs |= {words for words in rules if len(words) >= WHOLE}
        self._lengths = sorted({len(run) for run in self._runs})
        self._signs = _signs(self._runs) | _our_signs()
        self._clean: Mapping[str, Any] = {}

    def found(self, fields: Mapping[str, Any]) -> str:
        """The field that gives the prompt back, and the words: `text: "…"`; empty where none does. Fields that were
        found clean just now are not read again: two stages ask, mostly one after the other."""
        for name in self._asked if fields is not self._clean else ():
            for text in texts_in([fields.get(name)]):
                if words := self.of_text(text):
                    return f'{name}: "{words}"'
        self._clean = fields
        return ""

    def of_failures(self, fields: Mapping[str, Any], told: Iterable[str]) -> str:
        """The field that gives back what a constraint had to say of a text, and the words: `text: at most 25 words; it
        has 129`, with the field's name or without."""
        said = [_words(one) for one in told]
        runs = {run for words in said for run in (words, words[1:]) if len(run) >= SHORTEST}
        for name in self._asked:
            for text in texts_in([fields.get(name)]):
                if words := _first(_words(text), runs, sorted({len(run) for run in runs})):
                    return f'{name}: "{words}"'
        return ""

    def of_text(self, text: str) -> str:
        """The words of the prompt that a text gives back; empty where it gives none back."""
        words = _words(text)
        if len(words) >= SHORTEST and (words in self._sentences or words in _our_sentences()):
            return " ".join(words)
        if self._signs.isdisjoint(pairwise(words)):
            return ""
        return _first(words, _ours(), (OURS,)) or _first(words, self._runs, self._lengths)


def said_by_us(text: str, more: Iterable[str] = ()) -> str:
    """The words of our own templates that a text gives back, those of no recipe among them; empty where it gives none.
    `more` are templates that stand elsewhere."""
    words = _words(text)
    return _first(words, _ours(), (OURS,)) or _first(words, {run for one in more for run in _runs_of(one)}, (OURS,))


def _first(words: Run, runs: Collection[Run], lengths: Iterable[int]) -> str:
    """The first of some runs, each of one of the lengths, that stands in a text; empty where none does."""
    found = (run for length in lengths for run in _runs(words, length) if run in runs)
    return " ".join(next(found, ()))


@cache
def _ours() -> frozenset[Run]:
    return frozenset(run for text in _our_texts() for run in _runs_of(text))


@cache
def _our_signs() -> frozenset[Run]:
    return frozenset(_signs(_ours()))


def _signs(runs: Iterable[Run]) -> set[Run]:
    """Of each run the two neighbours with the most letters: a text that has none of them holds none of the runs."""
    return {max(pairwise(run), key=lambda pair: len(pair[0]) + len(pair[1])) for run in runs}


@cache
def _our_sentences() -> frozenset[Run]:
    return frozenset(sentence for text in _our_texts() for part in _FILLED.split(text) for sentence in _sentences(part))


def _our_texts() -> list[str]:
    templates = [shipped_template(name) for name in WRITING]
    said = [value for name, value in vars(wording).items() if name.isupper() and isinstance(value, str)]
    return [*templates, *said, *wording.OPERATORS.values()]


def _runs_of(text: str) -> Iterator[Run]:
    return (run for part in _FILLED.split(text) for run in _runs(_words(part), OURS))


def _runs(words: Run, length: int) -> Iterator[Run]:
    return (words[at : at + length] for at in range(len(words) - length + 1))


def _sentences(text: str) -> Iterator[Run]:
    """The sentences of a text as words, those that are long enough to be known again."""
    return (words for part in _SENTENCE_ENDS.split(text) if len(words := _words(part)) >= SHORTEST)


def _words(text: str) -> Run:
    return tuple(_WORD.findall(text.casefold()))
