"""Wikipedia's answers as they come: passages, errors, limits on the rate, silence."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from datagen_cli.retrieval import wikipedia
from datagen_cli.retrieval.passage import SearchFailed
from datagen_cli.retrieval.wikipedia import Wikipedia

ANSWER = {
    "batchcomplete": True,
    "query": {
        "pages": [
            {"pageid": 2, "ns": 0, "title": "Nairobi", "index": 2, "extract": "Nairobi is the capital of Kenya."},
            {"pageid": 1, "ns": 0, "title": "Kenya", "index": 1, "extract": "Kenya is a country in East Africa."},
            {"pageid": 3, "ns": 0, "title": "Empty", "index": 3, "extract": ""},
            {"pageid": 4, "ns": 0, "title": "None", "index": 4},
        ]
    },
}
Answers = Callable[[int], web.Response]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    monkeypatch.setattr(wikipedia, "PAUSE_S", 0.0)
    yield []


async def serve(script: Answers, seen: list[web.Request], monkeypatch: pytest.MonkeyPatch) -> web.AppRunner:
    async def answer(request: web.Request) -> web.Response:
        seen.append(request)
        return script(len(seen))

    app = web.Application()
    app.router.add_get("/w/api.php", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    monkeypatch.setattr(wikipedia, "API", f"http://127.0.0.1:{port}/w/api.php")
    return runner


async def test_passages_come_in_the_order_of_the_search(asked: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    runner = await serve(lambda n: web.json_response(ANSWER), asked, monkeypatch)
    found = await Wikipedia().find("capital of Kenya", 5)
    await runner.cleanup()
    assert [(passage.title, passage.url) for passage in found] == [
        ("Kenya", "https://en.wikipedia.org/wiki/Kenya"),
        ("Nairobi", "https://en.wikipedia.org/wiki/Nairobi"),
    ]
    assert asked[0].query["gsrsearch"] == "capital of Kenya"
    assert asked[0].headers["User-Agent"].startswith("datagen-llm/")


async def test_a_password_of_netrc_is_sent_to_nobody(
    asked: list[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("default login me password planted\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    runner = await serve(lambda n: web.json_response(ANSWER), asked, monkeypatch)
    await Wikipedia().find("Kenya", 1)
    await runner.cleanup()
    assert "Authorization" not in asked[0].headers


@pytest.mark.parametrize("form", ["http://127.0.0.1:{port}", "127.0.0.1:{port}"])
async def test_the_proxy_of_the_environment_is_asked(
    form: str, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = await serve(lambda n: web.json_response(ANSWER), asked, monkeypatch)
    monkeypatch.setenv("http_proxy", form.format(port=urlsplit(wikipedia.API).port))
    monkeypatch.setenv("no_proxy", "other.example")
    monkeypatch.setattr(wikipedia, "API", "http://nowhere.example/w/api.php")
    assert len(await Wikipedia().find("Kenya", 1)) == 1
    await runner.cleanup()
    assert asked[0].host == "nowhere.example"


@pytest.mark.parametrize("status", [429, 503])
async def test_a_limit_on_the_rate_is_waited_for(
    status: int, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("datagen_cli.retrieval.wikipedia.asyncio.sleep", sleep)
    limited = web.Response(status=status, headers={"Retry-After": "7"})
    answers = {1: limited}
    runner = await serve(lambda n: answers.get(n) or web.json_response(ANSWER), asked, monkeypatch)
    assert len(await Wikipedia().find("Kenya", 1)) == 1
    await runner.cleanup()
    assert slept[1] == 7.0 and len(asked) == 2


@pytest.mark.parametrize(
    ("answer", "reason", "requests"),
    [
        (web.Response(status=429, headers={"Retry-After": "86400"}), "status 429", 1),
        (web.Response(status=403, text="no"), "status 403", 1),
        (web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}), "status 302", 1),
        (web.Response(text="<html>captcha</html>"), "what came is no JSON", 1),
        (web.Response(text="[" * 100_000), "what came is no JSON", 1),
        (web.json_response([1]), "what came is no answer", 1),
        (web.json_response({"error": {"code": "maxlag", "info": "Waiting"}}), "maxlag", 1),
        (web.Response(body=b" " * (5 << 20)), "more than 4 MB", 1),
    ],
    ids=["a day", "forbidden", "redirect", "page", "deep", "list", "maxlag", "large"],
)
async def test_what_is_no_answer_is_a_failed_search(
    answer: web.Response, reason: str, requests: int, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = await serve(lambda n: answer, asked, monkeypatch)
    with pytest.raises(SearchFailed, match=reason):
        await Wikipedia().find("Kenya", 3)
    await runner.cleanup()
    assert len(asked) == requests


async def test_nobody_there_is_a_failed_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wikipedia, "TRIES", 1)
    monkeypatch.setattr(wikipedia, "API", "http://127.0.0.1:9/w/api.php")
    with pytest.raises(SearchFailed, match="no answer"):
        await Wikipedia().find("Kenya", 3)


@pytest.mark.parametrize("answer", [{}, {"query": {}}, {"query": {"pages": {}}}, {"query": {"pages": [3, {}]}}])
async def test_an_answer_without_pages_is_nothing_found(
    answer: Any, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = await serve(lambda n: web.json_response(answer), asked, monkeypatch)
    assert list(await Wikipedia().find("Kenya", 3)) == []
    await runner.cleanup()
    assert json.dumps(answer)
