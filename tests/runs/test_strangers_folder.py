"""A run folder from somebody else: what it holds is read as data, and nothing outside it is touched."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sqlite3
import zlib
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.cli import console
from datagen_cli.cli.app import run
from datagen_cli.core.checksum import document_sum, sealed, seed_of
from datagen_cli.core.jsonl import write_json
from datagen_cli.core.record import Record
from datagen_cli.runs.planted import Plants
from tests.grids import mostly_slow
from tests.runs.whole import generate, ready, rows

LINKED = (
    ".lock", "run.json", "dataset.jsonl", "rejected.jsonl", "plants.jsonl", "README.md", "recipe.lock.yaml",
    "spending.jsonl", "calls.sqlite", "calls.sqlite-wal", "calls.sqlite-shm", "calls.sqlite-journal", "checkpoints",
    "checkpoints/1-load.jsonl", "checkpoints/2-plan.jsonl", "checkpoints/3-generate.jsonl",
    "checkpoints/4-validate.jsonl", "checkpoints/6-dedup.jsonl", "previous", ".dataset.jsonl.part", ".run.json.part",
)  # fmt: skip


def snapshot(folder: Path) -> dict[str, Any]:
    """Bytes, mode and time of everything in a folder, and what links point at."""
    return {
        str(path): (path.lstat().st_mode, path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in sorted(folder.rglob("*"))
    }


HARD = (
    ".lock", "run.json", "dataset.jsonl", "plants.jsonl", "spending.jsonl", "calls.sqlite", "calls.sqlite-wal",
    "calls.sqlite-shm", "checkpoints/2-plan.jsonl", "checkpoints/3-generate.jsonl", "checkpoints/6-dedup.jsonl",
)  # fmt: skip


@pytest.mark.parametrize("name", HARD)
def test_a_hard_link_in_a_folder_is_not_written_through(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, victim = tmp_path / "run", tmp_path / "mine"
    ready(folder, "quickstart", "-n", "2")
    victim.write_bytes((folder / name).read_bytes() if (folder / name).exists() else b"")
    (folder / name).unlink(missing_ok=True)
    os.link(victim, folder / name)
    before = (victim.read_bytes(), victim.stat().st_mode)
    assert generate("quickstart", "-n", "3", "-o", folder) in (0, 2)
    assert (victim.read_bytes(), victim.stat().st_mode) == before


@pytest.mark.slow
@pytest.mark.parametrize("dangling", [False, True])
@pytest.mark.parametrize("name", LINKED)
def test_a_link_in_a_folder_overwrites_nothing_elsewhere(name: str, dangling: bool, tmp_path: Path) -> None:
    folder, victims = tmp_path / "run", tmp_path / "victims"
    victims.mkdir()
    (victims / "file").write_text("mine")
    (victims / "folder").mkdir()
    for stage in range(1, 7):
        (victims / "folder" / f"{stage}-x.jsonl").write_text("mine")
    ready(folder, "quickstart", "-n", "2")
    target = folder / name
    shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)
    within = "absent" if dangling else "folder" if name in ("checkpoints", "previous") else "file"
    target.symlink_to(victims / within)
    before = snapshot(victims)
    codes = [
        generate("quickstart", "-n", "3", "-o", folder),
        generate("quickstart", "-n", "3", "-o", folder, "--fresh"),
    ]
    assert set(codes) <= {0, 2}
    assert snapshot(victims) == before


@pytest.mark.parametrize(
    "name", [".lock", "plants.jsonl", "spending.jsonl", "calls.sqlite", "checkpoints/3-generate.jsonl"]
)
def test_a_pipe_in_a_folder_is_not_waited_for(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    ready(folder, "quickstart", "-n", "2")
    (folder / name).unlink()
    os.mkfifo(folder / name)
    assert generate("quickstart", "-n", "3", "-o", folder) in (0, 2)


@pytest.mark.parametrize("killed", [False, True])
def test_reading_commands_write_nothing(killed: bool, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    ready(folder, "quickstart", "-n", "2")
    id_ = rows(folder)[0]["id"]
    if killed:  # a write-ahead log that nobody has taken up
        connection = sqlite3.connect(folder / "calls.sqlite")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("INSERT INTO pairs VALUES ('k', x'00')")
        for tail in ("", "-wal"):
            shutil.copyfile(folder / f"calls.sqlite{tail}", tmp_path / f"kept{tail}")
        connection.close()
        for tail in ("", "-wal"):
            shutil.copyfile(tmp_path / f"kept{tail}", folder / f"calls.sqlite{tail}")
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    before = snapshot(folder)
    for command in (["why", str(folder), id_], ["status", str(folder)], ["show", str(folder)], ["eval", str(folder)]):
        assert run([*command, "--json"]) == 0
    assert snapshot(folder) == before


def test_a_log_that_a_killed_run_left_is_read_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "run"
    ready(folder, "quickstart", "-n", "2")
    source = sqlite3.connect(folder / "calls.sqlite")
    pairs = source.execute("SELECT key, value FROM pairs").fetchall()
    source.close()
    (folder / "calls.sqlite").unlink()
    writer = sqlite3.connect(folder / "calls.sqlite", isolation_level=None)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("CREATE TABLE pairs (key TEXT PRIMARY KEY, value BLOB NOT NULL)")
    writer.executemany("INSERT INTO pairs VALUES (?, ?)", pairs)
    assert run(["why", str(folder), rows(folder)[0]["id"], "--json"]) == 0
    assert '"reply"' in capsys.readouterr().out
    writer.close()


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS key, i AS value FROM n"


@pytest.mark.parametrize(
    "script",
    mostly_slow(
        [
            f"DROP TABLE pairs; CREATE VIEW pairs AS {ENDLESS}",
            f"CREATE TRIGGER t BEFORE INSERT ON pairs BEGIN SELECT count(*) FROM ({ENDLESS}); END",
            "DROP TABLE pairs; CREATE TABLE other (a)",
            "DROP TABLE pairs; CREATE TABLE pairs (key TEXT, value TEXT AS (key))",
        ]
    ),
)
def test_a_database_of_another_making_is_refused_in_one_line(
    script: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    ready(folder, "quickstart", "-n", "2")
    connection = sqlite3.connect(folder / "calls.sqlite")
    connection.executescript(script)
    connection.close()
    capsys.readouterr()
    assert run(["why", str(folder), rows(folder)[0]["id"]]) == 2
    assert "this database was made by another program" in capsys.readouterr().err
    assert generate("quickstart", "-n", "3", "-o", folder) == 2
    other = tmp_path / "other.db"
    shutil.copyfile(folder / "calls.sqlite", other)
    assert generate("quickstart", "-n", "3", "-o", tmp_path / "new", "--cache", other) == 2


@pytest.mark.slow
def test_a_value_that_unpacks_without_end_is_no_reply(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    ready(folder, "quickstart", "-n", "2")
    bomb = b"\x01" + zlib.compress(bytes(1 << 29), 9)
    connection = sqlite3.connect(folder / "calls.sqlite", isolation_level=None)
    connection.execute("UPDATE pairs SET value = ?", (bomb,))
    connection.close()
    assert run(["why", str(folder), rows(folder)[0]["id"], "--json"]) == 0


def test_what_a_killed_process_left_half_written_goes_with_the_next_run(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    ready(folder, "quickstart", "-n", "2")
    (folder / ".run.json.0123456789ab.part").write_text("half")
    assert generate("quickstart", "-n", "3", "-o", folder) == 0
    assert list(folder.glob(".*.part")) == []
    write_json(folder / "x.json", 1)
    assert list(folder.glob(".*.part")) == []


@pytest.mark.parametrize(
    ("written", "kept"),
    mostly_slow(
        [
            ("datagen generate quickstart -o RUN -n 3 --set 'a.b={c: d}'", True),
            ("datagen generate quickstart -o RUN --unsafe-exec", False),
            ("datagen generate quickstart -o RUN --allow-host evil.example", False),
            ("datagen generate quickstart -o RUN ; rm -rf x", False),
            ("datagen generate quickstart -o elsewhere", False),
            ("rm -rf x", False),
            ("datagen generate 'quickstart", False),
            ("datagen generate quickstart -o RUN\nerror: forged", False),
            ("", False),
            (7, False),
            (None, False),
        ],
        0,
        1,
        7,
        9,
    ),
)
def test_the_command_that_goes_on_is_made_and_not_read(
    written: Any, kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert generate("quickstart", "-n", "2", "-o", "RUN") == 0
    state = json.loads(Path("RUN/run.json").read_text())
    write_json(Path("RUN/run.json"), {**state, "state": "failed", "resume_command": written})
    capsys.readouterr()
    assert run(["status", "RUN"]) == 0
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert line == f"next: {written if kept else 'datagen generate RUN/recipe.lock.yaml -o RUN'}"
    assert generate(*shlex.split(line)[3:]) in (0, 2)


def test_a_records_text_forges_no_line_of_ours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "run"
    ready(folder, "quickstart", "-n", "2")
    row = {"id": "x; rm -rf y", "text": "a\nnext: rm -rf x\rerror: no\u2028hint: y", "simulated": True}
    (folder / "dataset.jsonl").write_text(json.dumps(row) + "\n")
    capsys.readouterr()
    assert run(["show", str(folder)]) == 0
    captured = capsys.readouterr()
    assert [line for line in captured.out.splitlines() if line.startswith(("next:", "error:", "hint:"))] == []
    assert captured.err.endswith("'x; rm -rf y'\n")


@pytest.mark.parametrize("text", ["\x1b[8mhidden", "\x1b[30;40mhidden", "\u202egnp.exe", "\u2066x\u2069", "\x9b2J"])
def test_text_for_a_terminal_hides_and_reorders_nothing(text: str) -> None:
    assert console.harmless(text).isprintable()


@pytest.mark.slow
@pytest.mark.parametrize("more", [["--fresh"], ["--set", "sampling.temperature=0.3"]], ids=["all", "changed"])
@pytest.mark.parametrize("digest", ["../../away", "../..", "/away", "a/b", "..", ".", "", "x\x00y", {"a": 1}, 7, None])
def test_what_moves_aside_stays_in_the_folder_whatever_its_state_says(
    digest: Any, more: list[str], tmp_path: Path
) -> None:
    home = tmp_path / "some" / "where"
    folder = home / "run"
    ready(folder, "quickstart", "-n", "2")
    told = json.loads((folder / "run.json").read_text())
    told["recipe"]["digest"] = digest
    del told["crc"]
    write_json(folder / "run.json", told)
    before = snapshot(tmp_path).keys()
    assert generate("quickstart", "-n", "2", "-o", folder, *more) == 0
    moved = [path for path in folder.rglob("dataset.jsonl") if path.parent != folder]
    assert len(moved) == 1 and moved[0].parent.parent == folder / "previous"
    assert [path for path in snapshot(tmp_path).keys() - before if not path.startswith(str(folder))] == []


FORGED = "x\nnext: FORGED\nerror: FORGED\r\nhint: FORGED\nnote: FORGED\x1b[8m\u202eFORGED"
KEPT = ("state", "fingerprint", "crc", "unit", "stage", "content", "from", "digest", "shards", "started", "id")


def forged(value: Any, name: str = "") -> Any:
    """The value with every text replaced that no reader needs as it is; keys stay."""
    if isinstance(value, dict):
        return {key: forged(item, key) for key, item in value.items() if key != "crc"}
    if isinstance(value, list):
        return [forged(item, name) for item in value]
    return FORGED if isinstance(value, str) and name not in KEPT else value


def test_no_text_of_a_folder_forges_a_line_or_hides_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "run"
    ready(folder, "tickets", "-n", "4")
    id_ = rows(folder)[0]["id"]
    state = forged(json.loads((folder / "run.json").read_text()))
    state["rejected"] = {FORGED: 3}
    state["recipe"]["name"] = FORGED
    state["failed_slots"] = [{"id": FORGED, "reason": FORGED}]
    state["spent"] = {FORGED: {FORGED: next(iter(next(iter(state["spent"].values())).values()))}}
    state["checks"] = {FORGED: next(iter(state["checks"].values()))}
    write_json(folder / "run.json", {**state, "crc": document_sum(state)})
    for path in [*folder.glob("*.jsonl"), *folder.glob("checkpoints/*.jsonl")]:
        lines = path.read_bytes().splitlines()
        head = json.loads(lines[0])
        seed = seed_of(head["fingerprint"]) if "fingerprint" in head else 0
        bare = [json.dumps(forged(json.loads(line)), separators=(",", ":")).encode() for line in lines[1:]]
        summed = [sealed(line, seed) for line in bare]
        plain = [json.dumps(forged(json.loads(line))).encode() + b"\n" for line in lines]
        path.write_bytes(b"".join([lines[0] + b"\n", *summed] if seed else plain))
    capsys.readouterr()
    for words in (
        "status RUN", "show RUN", "show RUN --rejected", "show RUN --rejected --by reason", "show RUN --by category",
        f"why RUN {id_}", "why RUN 1", "prune RUN --dry-run", "eval RUN --metrics length,balance,verified,safety",
        "export RUN --to csv -o OUT", "merge RUN -o OUT2", "dedup RUN -o OUT3",
        "score RUN -m offline --dry-run -o OUT4",
    ):  # fmt: skip
        command = words.replace("RUN", str(folder)).replace("OUT", str(tmp_path / "out"))
        code = run(command.split())
        said = capsys.readouterr()
        lines_ = [line for text in said for line in text.split("\n")]
        ours = tuple(f"{word}: FORGED" for word in ("next", "error", "hint", "note"))
        assert [line for line in lines_ if line.startswith(ours)] == [], words
        assert "\x1b" not in said.err and "\u202e" not in said.err, words
        assert code in (0, 2), (words, said.err)


@pytest.mark.parametrize("id_", mostly_slow([None, 7, ["x"], {}, True, "gone"], 0, 5))
def test_rows_without_an_id_are_called_by_their_line(id_: Any, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    ready(folder, "quickstart", "-n", "4")
    shutil.copytree(folder, tmp_path / "other")
    changed = [{name: value for name, value in row.items() if name != "id"} for row in rows(folder)]
    lines = [row if id_ == "gone" else {"id": id_, **row} for row in changed]
    (folder / "dataset.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    for words in (
        "show RUN", "eval RUN --metrics length", "merge RUN OTHER -o OUT", "dedup RUN -o OUT.jsonl",
        "export RUN --to messages --prompt question --completion answer -o OUT2 --split train=0.5,test=0.5",
    ):  # fmt: skip
        command = words.replace("RUN", str(folder)).replace("OTHER", str(tmp_path / "other"))
        assert run(command.replace("OUT", str(tmp_path / "out")).split()) == 0, words


@pytest.mark.parametrize("name", ["slot", "attempt", "record", "purpose", "fault", "field", "k"])
@pytest.mark.parametrize("value", ["x", 1.5, [], {"a": 1}, True, "gone"])
def test_a_plant_of_another_kind_is_passed_over(name: str, value: Any, tmp_path: Path) -> None:
    good = {
        "slot": 0,
        "attempt": 1,
        "purpose": "generate",
        "k": 0,
        "record": None,
        "fault": "near_copy",
        "field": "text",
    }
    bad = {key: item for key, item in good.items() if key != name} | ({} if value == "gone" else {name: value})
    (tmp_path / "plants.jsonl").write_text(json.dumps(bad) + "\n" + json.dumps({**good, "slot": 3}) + "\n")
    plants = Plants(tmp_path / "plants.jsonl", 2)
    assert plants.first(Record(slot=3, attempt=1, fields={}), accepted=True) == {"near_copy": "text"}


@pytest.mark.parametrize(
    "name", mostly_slow(["plants.jsonl", "spending.jsonl", "3-generate.jsonl", "4-validate.jsonl", "6-dedup.jsonl"])
)
def test_a_line_that_is_nested_without_end_is_a_damaged_one(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    ready(folder, "quickstart", "-n", "2")
    path = folder / ("checkpoints" if name[0].isdigit() else "") / name
    head = path.read_bytes().splitlines()[0]
    seed = seed_of(json.loads(head)["fingerprint"]) if name[0].isdigit() else 0
    nest = b"[" * 5_000 + b"]" * 5_000
    line = b'{"unit":"000000.1","from":"","slot":0,"attempt":1,"fields":' + nest + b"}"
    path.write_bytes(path.read_bytes() + sealed(line, seed) + nest + b"\n" + b"[" * 100_000 + b"\n")
    (folder / "dataset.jsonl").unlink()
    assert generate("quickstart", "-n", "3", "-o", folder) in (0, 2)
    assert run(["status", str(folder)]) == 0


RATE = {"tried": 1, "harder": 1, "why_not": {}, "pass_rate": {"before": "x"}}
WRONG: list[tuple[str, Any]] = [
    ("modules", {"run": {"changed": 1}}),
    ("modules", {"run": {"changed": 1, "turned_away": "x"}}),
    ("modules", {"run": []}),
    ("modules", {"run": {"changed": 1, "turned_away": 1, "faults": {"a": {"found": 1, "missed": {}}}}}),
    ("modules", {"run": {"changed": 1, "turned_away": 1, "calls": "\nnext: FORGED"}}),
    ("coverage", {"channel": {"phone": {"planned": 1}}}),
    ("coverage", {"channel": {"phone": {"planned": "x", "accepted": 1}}}),
    ("shift", {"operators": {"a": {"tried": 1}}}),
    ("shift", {"operators": []}),
    ("shift", {"operators": {"a": RATE}}),
    ("shift", {"attributes": {"a": {"b": {"accepted": 1}}}}),
    ("cost", {"by_stage": {"generate": "x"}}),
    ("cost", {"by_role": []}),
    ("cost", {"per_accepted": "x"}),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run, which no test changes."""
    folder = tmp_path_factory.mktemp("made") / "run"
    ready(folder, "quickstart", "-n", "2")
    return folder


@pytest.mark.parametrize(("name", "value"), WRONG, ids=[f"{name} {n}" for n, (name, _) in enumerate(WRONG)])
def test_counts_of_another_shape_are_named_and_shown_as_none(
    name: str, value: Any, made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(made, folder)
    state = json.loads((folder / "run.json").read_text())
    state.pop("crc")
    state[name] = value
    write_json(folder / "run.json", {**state, "crc": document_sum(state)})
    capsys.readouterr()
    assert run(["status", str(folder)]) in (0, 2)
    said = capsys.readouterr()
    assert "unexpected" not in said.err and name in said.err
    assert not [line for line in said.out.splitlines() if line.startswith("next: FORGED")]
