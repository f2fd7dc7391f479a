"""`export --to hf --push` against a hub on this machine: what goes up, who may see it, where the token goes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from datagen_cli.cli.app import run
from tests.runs.whole import generate

pytest.importorskip("huggingface_hub")
TOKEN = "hf_none_of_your_business"
SPLIT = ("--split", "train=0.8,test=0.2")


class Hub(ThreadingHTTPServer):
    """Answers as the hub does to its own client; keeps what is sent. `broken` is the upload that it loses."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.calls: list[tuple[str, str, str | None]] = []
        self.created: dict[str, Any] = {}
        self.objects: dict[str, bytes] = {}
        self.files: dict[str, str] = {}
        self.private = True
        self.lock = threading.Lock()
        self.broken = 0
        self.refused = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answers(BaseHTTPRequestHandler):
    server: Hub

    def log_message(self, *words: Any) -> None:
        pass

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.calls.append((self.command, self.path, self.headers.get("authorization")))
        status, found = (self.server.refused, {"error": f"no, {TOKEN}"}) if self.server.refused else self._found(body)
        text = json.dumps(found).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _found(self, body: bytes) -> tuple[int, dict[str, Any]]:
        hub, at = self.server, self.path
        if at.startswith("/up/"):
            with hub.lock:
                hub.broken -= 1
                if hub.broken == 0:
                    return 400, {"error": "lost"}
                hub.objects[at.removeprefix("/up/")] = body
            return 200, {}
        if at == "/api/repos/create":
            hub.created = json.loads(body)
            return 200, {"url": f"{hub.url}/datasets/me/shop", "name": "me/shop"}
        if "/preupload/" in at:
            asked = [file["path"] for file in json.loads(body)["files"]]
            modes = [{"path": name, "uploadMode": "lfs" if name.endswith(".parquet") else "regular",
                      "shouldIgnore": False} for name in asked]  # fmt: skip
            return 200, {"files": modes}
        if at.endswith("/info/lfs/objects/batch"):
            wanted = [one for one in json.loads(body)["objects"] if one["oid"] not in hub.objects]
            return 200, {"transfer": "basic", "objects": [
                {**one, "actions": {"upload": {"href": f"{hub.url}/up/{one['oid']}"}}} for one in wanted
            ]}  # fmt: skip
        if "/commit/" in at:
            lines = [json.loads(line) for line in body.splitlines()]
            values = [line["value"] for line in lines if line["key"] in ("file", "lfsFile")]
            hub.files |= {value["path"]: value.get("oid", "text") for value in values}
            return 200, {"commitUrl": f"{hub.url}/datasets/me/shop/commit/1", "commitOid": "a" * 40, "success": True}
        return 200, {"id": "me/shop", "private": hub.private, "sha": "a" * 40, "siblings": [], "tags": []}

    do_GET = do_POST = do_PUT = do_HEAD = _answer


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    with Hub() as made:
        monkeypatch.setenv("HF_ENDPOINT", made.url)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        thread = threading.Thread(target=made.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run_folder = tmp_path_factory.mktemp("made") / "run"
    assert generate("tickets", "-n", "10", "-o", run_folder) == 0
    return run_folder


@pytest.fixture
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    copytree(made, "run")
    return tmp_path


def push(*more: str, name: str = "me/shop") -> int:
    return run(["export", "run", "--to", "hf", "-o", "out", "--push", name, "--allow-simulated", *SPLIT, *more])


def test_a_dry_run_names_every_file_and_the_command_then_sends_these_alone_and_privately(
    hub: Hub, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert push("--dry-run", "--json") == 0
    told = capsys.readouterr()
    named = json.loads(told.out)["push"]
    assert hub.calls == [] and named["sent"] is False and named["public"] is False
    assert sorted(named["files"]) == ["README.md", "data/test.parquet", "data/train.parquet"]
    step = f"datagen export run --to hf -o out --push me/shop --allow-simulated --split {SPLIT[1]}"
    assert f"next: {step}\n" in told.err
    assert push() == 0
    assert hub.created["visibility"] == "private" and hub.created["type"] == "dataset"
    assert sorted(hub.files) == sorted(named["files"])
    front = (folder / "out" / "README.md").read_text("utf-8")
    assert "  - split: train\n    path: data/train.parquet\n  - split: test\n" in front
    sent = {sha256((folder / "out" / name).read_bytes()).hexdigest() for name in hub.files if "parquet" in name}
    assert sent == {*hub.objects}
    said = capsys.readouterr()
    assert f"sent: {hub.url}/datasets/me/shop" in said.err and TOKEN not in said.out + said.err
    assert {token for _, path, token in hub.calls if not path.startswith("/up/")} == {f"Bearer {TOKEN}"}
    assert {token for _, path, token in hub.calls if path.startswith("/up/")} == {None}


@pytest.mark.slow
def test_after_an_interruption_the_same_command_sends_what_is_missing(hub: Hub, folder: Path) -> None:
    hub.broken = 2
    assert push() == 5
    assert hub.files == {} and len(hub.objects) == 1
    assert push() == 0
    assert len(hub.files) == 3 and len(hub.objects) == 2
    assert sum(path.startswith("/up/") for _, path, _ in hub.calls) == 3
    (folder / "out" / "README.md").write_text("mine")
    assert push() == 2
    assert (folder / "out" / "README.md").read_text() == "mine"
    assert [file.name for file in folder.iterdir() if file.name.startswith(".push")] == []


def test_a_public_dataset_is_written_to_only_where_it_is_meant(
    hub: Hub, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.private = False
    assert push() == 2
    assert "me/shop is there already, and is public" in capsys.readouterr().err and hub.files == {}
    assert push("--public") == 0
    assert hub.created["visibility"] == "public" and len(hub.files) == 3


def test_a_hub_is_asked_through_no_proxy_that_could_read_the_token(
    hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("http_proxy", "http://me:planted-password@127.0.0.1:9")
    assert push() == 0 and len(hub.files) == 3
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.example")
    assert push("--allow-host", "hub.example") == 2
    said = capsys.readouterr().err
    assert "HF_TOKEN would pass the proxy 127.0.0.1 in clear text" in said and "planted" not in said


def test_a_token_that_is_missing_or_refused_and_a_hub_that_is_away_are_five(
    hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.refused = 401
    assert push() == 5
    said = capsys.readouterr().err
    assert "refuses the token (401)" in said and TOKEN not in said
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub, "get_token", lambda: None)
    monkeypatch.delenv("HF_TOKEN")
    assert push() == 5
    assert "HF_TOKEN is not set" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--to", "csv", "-o", "x", "--push", "me/x"], "--push sends the folder of --to hf"),
        (["--to", "hf", "-o", "x", "--public"], "--public goes with --push"),
        (["--to", "hf", "-o", "x", "--dry-run"], "--dry-run goes with --push"),
        (["--to", "hf", "-o", "x", "--push", "shop"], "'shop' is no name of a dataset"),
        (["--to", "hf", "-o", "x", "--push", "me/../x"], "is no name of a dataset"),
        (["--to", "hf", "-o", "x", "--push", "me/x"], "its rows are simulated"),
    ],
)
def test_what_cannot_be_sent_is_said_before_anything_is_written(
    arguments: list[str], words: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["export", "run", *arguments]) == 2
    assert words in capsys.readouterr().err and not (folder / "x").exists()


@pytest.mark.parametrize("address", ["https://huggingface.co.evil.example", "http://huggingface.co", "ftp://127.0.0.1"])
def test_the_token_goes_to_no_other_host(
    address: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", address)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert push("--dry-run") == 2
    assert "is not the hub that a HF_TOKEN is for" in capsys.readouterr().err
    if address.startswith("https"):
        assert push("--dry-run", "--allow-host", "huggingface.co.evil.example") == 0
