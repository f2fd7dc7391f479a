"""What a dataset's values look like is told in bounded time, whoever wrote them."""

from __future__ import annotations

from datagen_cli.core.budget import within
from datagen_cli.offline.shape import _NUMBER_TEXT


def test_a_value_of_spaces_without_end_is_looked_at_once() -> None:
    found = within(lambda: _NUMBER_TEXT.match("1" + " " * 200_000 + "x"), cpu_s=5.0)
    assert found is None
    assert all(_NUMBER_TEXT.match(text) for text in ("1", " $1,000.50 ", "12 % ", "7%"))
