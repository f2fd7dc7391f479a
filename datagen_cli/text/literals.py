"""What must stand in a text for a regular expression to match it, read off the expression, and which texts have it.

Of a sequence all literal parts are needed, of a choice those of one branch; a part that may be absent says nothing.
Texts are given as numbers of their words (what white space parts), so that a literal is looked for once a different
word and not once a text: some hundred literals cost about 2 µs a text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

PORTION = 1 << 13
"""Texts that are looked at together."""
_ALIKE = str.maketrans({"ſ": "s", "ı": "i", "İ": "i"})
"""Letters that a pattern takes for others when it ignores case, which `str.lower` does not."""
Bools = NDArray[np.bool_]
Longs = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Needs:
    """All of the parts, or `one` of them: literals in lower case, each within one word, or needs again."""

    parts: tuple[str | Needs, ...]
    one: bool = False


NOTHING = Needs(())


def needs_of(pattern: re.Pattern[str]) -> Needs:
    """What a text that the pattern matches has for certain; `NOTHING` where nothing is known."""
    return _of_sequence(re._parser.parse(pattern.pattern, pattern.flags), "")  # type: ignore[attr-defined]


def both(*needs: Needs) -> Needs:
    """All of what is needed."""
    parts = tuple(dict.fromkeys(part for one in needs for part in ((one,) if one.one else one.parts)))
    return parts[0] if len(parts) == 1 and isinstance(parts[0], Needs) else Needs(parts)


def one_of(literals: Sequence[str]) -> Needs:
    """One of the literals."""
    return _one_of([_of_literal(literal) for literal in literals] or [NOTHING])


def _of_sequence(nodes: Iterable[tuple[Any, Any]], before: str) -> Needs:
    """Of what stands one after the other; `before`: literal characters right before it."""
    found: list[Needs] = []
    for op, argument in nodes:
        name = str(op)
        if name == "LITERAL":
            before += chr(argument)
        elif name in ("BRANCH", "SUBPATTERN"):
            branches = argument[1] if name == "BRANCH" else [argument[-1]]
            found.append(_one_of([_of_sequence(branch, before) for branch in branches]))
            before = ""
        else:
            found.append(_of_literal(before))
            before = ""
            if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT") and argument[0] > 0:
                found.append(_of_sequence(argument[2], ""))
            elif name == "ASSERT":
                found.append(_of_sequence(argument[1], ""))
    return both(*found, _of_literal(before))


def _of_literal(text: str) -> Needs:
    """The words of a literal; a single letter of English says nothing."""
    return Needs(tuple(word for word in text.lower().split() if len(word) > 1 or not word.isascii() or word in "@<|"))


def _one_of(branches: Sequence[Needs]) -> Needs:
    if len(branches) == 1:
        return branches[0]
    if NOTHING in branches:
        return NOTHING
    parts: dict[str | Needs, None] = {}
    for branch in branches:
        parts |= dict.fromkeys(branch.parts if branch.one or len(branch.parts) == 1 else [branch])
    return Needs(tuple(parts), one=True)


class LiteralFilter:
    """Says which of many texts have what each of some needs asks for."""

    def __init__(self, needs: Sequence[Needs]) -> None:
        self._needs = needs
        self._places = {literal: place for place, literal in enumerate(dict.fromkeys(_literals(needs)))}

    def may(self, words: Sequence[str], ids: NDArray[np.int32], offsets: Longs) -> Iterator[tuple[int, list[Bools]]]:
        """For portions of T texts the number of the first and for each of the needs whether a text has it, `[T]`.

        `ids`: the texts' words one after the other as numbers of `words`; text t from `offsets[t]` to `offsets[t + 1]`.
        """
        masks = self._masks(words)
        hot: Bools = np.bitwise_or.reduce(masks, axis=1) != 0
        for start in range(0, len(offsets) - 1, PORTION):
            edges = offsets[start : start + PORTION + 1]
            some = ids[edges[0] : edges[-1]]
            places = np.flatnonzero(hot[some])
            owners = np.searchsorted(edges, places + edges[0], side="right") - 1
            standing = np.zeros((len(edges) - 1, masks.shape[1]), np.uint64)
            if len(places):
                first = np.flatnonzero(np.diff(owners, prepend=-1))
                standing[owners[first]] = np.bitwise_or.reduceat(masks[some[places]], first, axis=0)
            bits: Bools = np.unpackbits(standing.view(np.uint8), axis=1, bitorder="little").T.astype(
                np.bool_, order="C"
            )
            yield start, [self._has(one, bits) for one in self._needs]

    def _has(self, needs: Needs, bits: Bools) -> Bools:
        found: Bools = np.full(bits.shape[1], not needs.one)
        join = np.logical_or if needs.one else np.logical_and
        for part in needs.parts:
            join(found, bits[self._places[part]] if isinstance(part, str) else self._has(part, bits), out=found)
        return found

    def _masks(self, words: Sequence[str]) -> NDArray[np.uint64]:
        """Which literals stand in each word, as bits, `[words, 64 literals each]`."""
        joined = "\n".join(words).translate(_ALIKE).lower() if words else ""
        starts = [0]
        for word in joined.split("\n"):
            starts.append(starts[-1] + len(word) + 1)
        masks = np.zeros((len(words), -(-len(self._places) // 64)), np.uint64)
        for literal, place in self._places.items():
            found, at = [], joined.find(literal)
            while at >= 0:
                found.append(bisect_right(starts, at) - 1)
                at = joined.find(literal, starts[found[-1] + 1])
            masks[found, place // 64] |= np.uint64(1 << place % 64)
        return masks


def _literals(needs: Iterable[str | Needs]) -> Iterator[str]:
    for one in needs:
        if isinstance(one, str):
            yield one
        else:
            yield from _literals(one.parts)
