"""DuckDuckGo through ddgs: rows, nothing, limits on the rate and time-outs."""

from __future__ import annotations

from typing import Any

import ddgs
import pytest
from ddgs.exceptions import DDGSException, RatelimitException, TimeoutException

from datagen_cli.retrieval import duckduckgo
from datagen_cli.retrieval.duckduckgo import DuckDuckGo
from datagen_cli.retrieval.passage import SearchFailed

ROWS = [
    {"title": "Nairobi - Wikipedia", "href": "https://en.wikipedia.org/wiki/Nairobi", "body": "The capital of Kenya."},
    {"title": "No words", "href": "https://example.org", "body": ""},
    {"title": None, "href": None, "body": "A page without a title."},
]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duckduckgo, "PAUSE_S", 0.0)


def answer(monkeypatch: pytest.MonkeyPatch, said: Any) -> list[dict[str, Any]]:
    asked: list[dict[str, Any]] = []

    class Fake:
        def __init__(self, **options: Any) -> None:
            assert options["timeout"] <= 20

        def text(self, query: str, **options: Any) -> Any:
            asked.append({"query": query, **options})
            if isinstance(said, Exception):
                raise said
            return said

    monkeypatch.setattr(ddgs, "DDGS", Fake)
    return asked


async def test_snippets_are_passages_and_the_back_end_is_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answer(monkeypatch, ROWS)
    found = await DuckDuckGo().find("capital of Kenya", 3)
    assert [(passage.title, passage.text) for passage in found] == [
        ("Nairobi - Wikipedia", "The capital of Kenya."),
        ("", "A page without a title."),
    ]
    assert asked == [{"query": "capital of Kenya", "max_results": 3, "backend": "duckduckgo"}]


@pytest.mark.parametrize("said", [DDGSException("No results found."), [], None])
async def test_nothing_is_nothing_found(said: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, said)
    assert list(await DuckDuckGo().find("q", 3)) == []


@pytest.mark.parametrize(
    "said", [RatelimitException("202 Ratelimit"), TimeoutException("timed out"), DDGSException("boom"), OSError("gone")]
)
async def test_limits_and_time_outs_are_a_failed_search(said: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, said)
    with pytest.raises(SearchFailed, match=type(said).__name__):
        await DuckDuckGo().find("q", 3)
