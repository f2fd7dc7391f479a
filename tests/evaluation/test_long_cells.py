"""Cells of a file of rows as long as nobody writes them: what is looked for in them takes time in step with length."""

from __future__ import annotations

from datagen_cli.evaluation.columns import _NUMBERED
from datagen_cli.sources.proposal import _ID


def test_a_cell_of_a_million_digits_is_read_at_once() -> None:
    for text in ("a" + "1" * 1_000_000 + "!", "1" * 1_000_000 + "!"):
        assert _NUMBERED.fullmatch(text) is None
        assert _ID.fullmatch(text) is None


def test_identifiers_have_a_digit() -> None:
    assert [bool(_NUMBERED.fullmatch(text)) for text in ("a1", "1a", "#7-b/c", "a", "1", "", "a 1", "1!")] == [
        *(True, True, True, False, False, False, False, False),
    ]
    assert [bool(_ID.fullmatch(text)) for text in ("1", "a-1", "1a", "a", "", "1 a", "1!")] == [True] * 3 + [False] * 4
