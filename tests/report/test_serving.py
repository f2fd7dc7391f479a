"""The served page: who is answered, what is written, and what happens while the run goes on."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from datagen_cli.cli.app import run
from datagen_cli.report import serving
from datagen_cli.report.serving import HOST, Pages, runner_of
from datagen_cli.runs.reader import RunReader
from datagen_cli.runs.review import Decision, ReviewFile

TOKEN = "a-token"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "tickets"
    assert run(["generate", "tickets", "-n", "6", "-o", str(path), "--quiet"]) == 0
    return path


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    for path in made.rglob("*"):
        if path.is_file() and path.suffix in (".json", ".jsonl", ".yaml", ".log"):
            target = tmp_path / "run" / path.relative_to(made)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return tmp_path / "run"


class Client:
    def __init__(self, session: aiohttp.ClientSession, port: int) -> None:
        self.session, self.port = session, port

    async def ask(self, path: str, body: Any = None, token: str | None = TOKEN, **headers: str) -> tuple[int, Any]:
        """Status and JSON (or text) of an answer; a body makes it a POST."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"http://{HOST}:{self.port}{path}"
        given = {"token": token} if token is not None else {}
        method = "GET" if body is None else "POST"
        async with self.session.request(method, url, json=body, params=given, headers=named) as answer:
            assert answer.headers["Cache-Control"] == "no-store" and answer.headers["X-Frame-Options"] == "DENY"
            text = await answer.text()
            return answer.status, json.loads(text) if answer.content_type == "application/json" else text


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Client]:
    runner = runner_of(Pages(folder), TOKEN)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, 0).start()
        async with aiohttp.ClientSession() as session:
            yield Client(session, runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def test_only_who_knows_the_token_under_our_own_name_is_answered(folder: Path) -> None:
    async with served(folder) as client:
        own = f"http://{HOST}:{client.port}"
        assert (await client.ask("/state"))[0] == 200
        assert (await client.ask("/state", Origin=own, Sec_Fetch_Site="same-origin"))[0] == 200
        assert (await client.ask("/state", None, None, X_Datagen_Token=TOKEN))[0] == 200
        for path in ("/", "/state", "/record", "/decisions", "/nothing"):
            assert (await client.ask(path, None, None))[0] == 403
            assert (await client.ask(path, None, "another"))[0] == 403
            assert (await client.ask(path, None, TOKEN, Host="evil.example"))[0] == 403
            assert (await client.ask(path, None, TOKEN, Host=f"{HOST}.evil.example:{client.port}"))[0] == 403
            assert (await client.ask(path, None, TOKEN, Origin="http://evil.example"))[0] == 403
            assert (await client.ask(path, None, TOKEN, Origin="null"))[0] == 403
            assert (await client.ask(path, None, TOKEN, Sec_Fetch_Site="cross-site"))[0] == 403
        decision = {"id": next(RunReader(folder).rows())["id"], "decision": "keep"}
        assert (await client.ask("/review", decision, None))[0] == 403
        assert (await client.ask("/review", decision, TOKEN, Origin="http://evil.example"))[0] == 403
        kind = "application/json; charset=nope"
        assert (await client.ask("/review", {}, TOKEN, Content_Type=kind))[0] == 400
        assert (await client.ask("/review", decision, TOKEN, Content_Type="text/plain"))[0] == 415
        assert (await client.ask("/nothing"))[0] == 404 and (await client.ask("/review"))[0] == 405
    assert not (folder / "review.jsonl").exists()


async def test_what_is_no_http_is_refused_and_printed_nowhere(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    async with served(folder) as client:
        for said in (b"GET /" + b"a" * 99_999, b"\x16\x03\x01" * 99, b"GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n"):
            reader, writer = await asyncio.open_connection(HOST, client.port)
            writer.write(said + b"\r\n\r\n")
            assert b" 400 " in (await reader.read(99))
            writer.close()
        assert (await client.ask("/state"))[0] == 200
    assert capfd.readouterr() == ("", "")


async def test_decisions_go_to_the_review_and_can_be_taken_back(folder: Path) -> None:
    rows = list(RunReader(folder).rows())
    async with served(folder) as client:
        assert (await client.ask("/"))[0] == 200
        status, _ = await client.ask("/review", {"id": rows[0]["id"], "decision": "reject", "reason": "no <i>"})
        edit = {"id": rows[1]["id"], "decision": "edit", "fields": {"text": "Where is my parcel?"}}
        assert status == 200 and (await client.ask("/review", edit))[0] == 200
        found = (await client.ask("/decisions"))[1]["decisions"]
        assert {id_: one["decision"] for id_, one in found.items()} == {rows[0]["id"]: "reject", rows[1]["id"]: "edit"}
        assert (await client.ask("/undo", {}))[1]["undone"]["id"] == rows[1]["id"]
        assert (await client.ask("/record?id=" + rows[1]["id"]))[1]["row"] == rows[1]
        for_nobody: list[Any] = [
            [],
            {"id": "x", "decision": "keep"},
            {"id": rows[0]["id"], "decision": "maybe"},
            "x",
            3,
        ]
        for wrong in for_nobody:
            status, said = await client.ask("/review", wrong)
            assert status == 400 and said["error"]
    decisions = ReviewFile(folder).read().decisions
    assert [(one.id, one.decision, one.reason) for one in decisions] == [(rows[0]["id"], "reject", "no <i>")]
    assert decisions[0].is_on(rows[0])


async def test_the_page_comes_at_once_and_is_measured_beside(folder: Path) -> None:
    async with served(folder) as client:
        first = (await client.ask("/"))[1]
        assert 'id="measures"' not in first and 'id="records"' in first and "connect-src &#x27;self&#x27;" not in first
        version = (await client.ask("/state"))[1]["version"]
        async with asyncio.timeout(600):
            while (await client.ask("/state"))[1]["version"] == version:
                await asyncio.sleep(0.1)
        assert 'id="measures"' in (await client.ask("/"))[1]


async def test_the_page_of_a_large_run_says_first_that_it_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "LARGE_BYTES", 1)
    may_read, refresh = threading.Event(), Pages.refresh

    def held(pages: Pages) -> None:
        may_read.wait(600)
        refresh(pages)

    monkeypatch.setattr(Pages, "refresh", held)
    async with served(folder) as client:
        try:
            for _ in range(2):
                status, first = await client.ask("/")
                assert status == 200 and 'http-equiv="refresh"' in first and 'id="records"' not in first
                assert "Reading" in first and "run: 0 MB" in first
                assert 'rel="icon"' in first  # or a browser asks for one, and is refused
        finally:
            may_read.set()
        async with asyncio.timeout(600):
            while "Reading" in (page := (await client.ask("/"))[1]):
                await asyncio.sleep(0.05)
        assert 'id="records"' in page
        assert 'id="records"' in (await client.ask("/"))[1]


def test_a_file_that_is_moved_aside_while_a_run_is_sized_counts_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "LARGE_BYTES", 1)
    listed = serving.written_in
    monkeypatch.setattr(serving, "written_in", lambda run: [*listed(run), run / "moved.jsonl"])
    assert "Reading" in Pages(folder).waiting


async def test_a_large_run_that_cannot_be_read_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "LARGE_BYTES", 1)
    async with served(folder) as client:
        (folder / "run.json").unlink()
        async with asyncio.timeout(600):
            while (found := await client.ask("/"))[0] == 200:
                await asyncio.sleep(0.05)
    assert found[0] == 400 and "run" in found[1]["error"]


async def test_the_end_of_the_server_waits_for_no_measuring_and_no_slow_sender(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measuring: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    loop = measuring.get_loop()

    def measure(pages: Pages) -> None:
        loop.call_soon_threadsafe(measuring.set_result, threading.current_thread().daemon)

    monkeypatch.setattr(Pages, "measure", measure)
    runner = runner_of(Pages(folder), TOKEN)
    assert runner._shutdown_timeout <= 1.0  # aiohttp would wait for a minute
    async with served(folder) as client:
        assert (await client.ask("/"))[0] == 200
        assert await measuring  # what is no daemon is waited for
        reader, writer = await asyncio.open_connection(HOST, client.port)
        head = (
            f"POST /review?token={TOKEN} HTTP/1.1\r\nHost: {HOST}:{client.port}\r\nContent-Type: application/json\r\n"
        )
        writer.write(f"{head}Content-Length: 1000\r\n\r\n{{".encode())
        assert (await client.ask("/state"))[0] == 200  # nobody waits for who sends slowly
    assert b" 200 " not in await reader.read()
    writer.close()


@pytest.mark.parametrize("least", [1, 1 << 40])  # bytes of a run whose page says first that it is read
async def test_the_end_of_the_process_waits_for_no_reading_and_for_every_decision(
    folder: Path, monkeypatch: pytest.MonkeyPatch, least: int
) -> None:
    monkeypatch.setattr(serving, "LARGE_BYTES", least)
    refresh, decide, unwaited = Pages.refresh, Pages.decide, list[tuple[str, bool]]()

    def reading(pages: Pages) -> None:
        unwaited.append(("read", threading.current_thread().daemon))
        refresh(pages)

    def deciding(pages: Pages, given: Mapping[str, Any]) -> Decision:
        unwaited.append(("decide", threading.current_thread().daemon))
        return decide(pages, given)

    monkeypatch.setattr(Pages, "refresh", reading)
    monkeypatch.setattr(Pages, "decide", deciding)
    async with served(folder) as client:
        async with asyncio.timeout(600):
            while "Reading" in (await client.ask("/"))[1]:
                await asyncio.sleep(0.05)
        assert (await client.ask("/state"))[0] == 200
        id_ = next(iter(RunReader(folder).rows()))["id"]
        assert (await client.ask("/review", {"id": id_, "decision": "keep"}))[0] == 200
    assert set(unwaited) == {("read", True), ("decide", False)}


async def test_connections_that_say_nothing_keep_nobody_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "SWEEP_S", 0.01)
    monkeypatch.setattr(serving, "MOST_CONNECTIONS", 5)
    async with served(folder) as client:
        opened = [await asyncio.open_connection(HOST, client.port) for _ in range(9)]
        for _, writer in opened:
            writer.write(b"GET /state HTT")
        for reader, _ in opened[:3]:  # the oldest
            with suppress(ConnectionError):
                assert await reader.read() == b""
        assert (await client.ask("/state"))[0] == 200
        for _, writer in opened:
            writer.close()


async def test_a_decision_on_a_record_that_was_made_anew_is_refused(folder: Path) -> None:
    rows = list(RunReader(folder).rows())
    async with served(folder) as client:
        assert (await client.ask("/"))[0] == 200
        found = (await client.ask("/record?id=" + rows[0]["id"]))[1]
        assert found["row"] == rows[0]
        decision = {"id": rows[0]["id"], "decision": "keep"}
        status, said = await client.ask("/review", {**decision, "seen": "another"})
        assert status == 400 and "made anew" in said["error"]
        before = (await client.ask("/state"))[1]["reviewed"]
        assert (await client.ask("/review", {**decision, "seen": found["seen"]}))[0] == 200
        assert (await client.ask("/state"))[1]["reviewed"] != before
    assert [one.id for one in ReviewFile(folder).read().decisions] == [rows[0]["id"]]


async def test_a_run_under_way_is_shown_as_far_as_it_is(folder: Path, tmp_path: Path) -> None:
    for name in ("dataset.jsonl", "rejected.jsonl", "recipe.lock.yaml"):
        (folder / name).unlink()
    judged = folder / "checkpoints" / "6-dedup.jsonl"
    lines = judged.read_bytes().splitlines(keepends=True)
    judged.write_bytes(b"".join(lines[:4]))
    pages = Pages(folder)
    pages.refresh()
    before = pages.version
    assert "3 of 6 records" in pages.html or pages.html.count('"k":') >= 3
    assert '"label":"category"' in pages.html.replace(" ", "")  # what the filter of labels and the chips go by
    judged.write_bytes(b"".join(lines))
    pages._made_at = float("-inf")  # the rest between two readings is over
    assert pages.state()["version"] != before


@pytest.mark.slow
def test_the_command_prints_its_address_and_ends_by_its_signals(folder: Path) -> None:
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        process = subprocess.Popen(
            [sys.executable, "-m", "datagen_cli", "view", str(folder), "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "BROWSER": "false"},
        )  # fmt: skip
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert told["run"] == str(folder) and f"http://{HOST}:{told['port']}/?token=" in told["url"]
        process.send_signal(number)
        assert process.wait(600) == code


async def test_a_folder_that_goes_away_is_said_to_have_gone(folder: Path) -> None:
    async with served(folder) as client:
        assert (await client.ask("/"))[0] == 200
        folder.rename(folder.with_name("elsewhere"))
        for path in ("/", "/state"):
            status, said = await client.ask(path)
            assert status == 400 and "no such folder" in said["error"]


async def test_who_opens_a_page_in_a_browser_reads_why_there_is_none(folder: Path) -> None:
    async with served(folder) as client:
        gone = folder.with_name("<else>where")
        folder.rename(gone)
        accept = "text/html,application/xhtml+xml,*/*;q=0.8"
        status, said = await client.ask("/", Accept=accept)
        assert status == 400 and "<p>There is nothing to show: " in said and "no such folder" in said
        status, said = await client.ask("/", Accept=accept, Host="elsewhere")
        assert status == 403 and "<!DOCTYPE html>" in said
        assert (await client.ask("/other", Accept=accept))[0] == 404
        gone.rename(folder)
        assert "</main>" in (await client.ask("/", Accept=accept))[1]


def test_what_cannot_be_served_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["view", str(tmp_path)]) == 2
    assert "holds no run" in capsys.readouterr().err
    assert run(["view", str(tmp_path / "nothing"), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["exit_code"] == 2
