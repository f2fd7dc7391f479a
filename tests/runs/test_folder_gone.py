"""A run folder that is deleted, moved or replaced while the run goes on: the run stops, and writes nowhere else."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.cli.app import run
from datagen_cli.core import below
from datagen_cli.core.jsonl import make_folder, write_aside
from datagen_cli.core.system import open_own
from tests.endpoint import Endpoint
from tests.grids import mostly_slow

RECIPE = """
version: 1
name: letters
description: Short letters to a shop.
fields: {text: {type: text}}
model: {name: any/m, base_url: URL}
count: 4000
limits: {concurrency: 2}
"""


def delete(out: Path) -> None:
    shutil.rmtree(out, ignore_errors=True)


def move(out: Path) -> None:
    out.rename(out.with_name("moved"))


def replace(out: Path) -> None:
    move(out)
    out.mkdir()


def link(out: Path) -> None:
    move(out)
    out.symlink_to(out.with_name("victim"))


@pytest.mark.parametrize("how", mostly_slow([delete, move, replace, link]))
def test_a_folder_that_goes_stops_the_run_and_is_named(
    how: Callable[[Path], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, victim = tmp_path / "out", tmp_path / "victim"
    victim.mkdir()
    (victim / "run.json").write_text("mine")
    asked: list[int] = []

    def answer(body: Any, attempt: int) -> str:
        asked.append(1)
        time.sleep(0.02)
        if len(asked) == 6:
            how(out)
        return f"Letter {len(asked)} says {len(asked) * 7919} things of another kind."

    with Endpoint(answer) as endpoint:
        (tmp_path / "r.yaml").write_text(RECIPE.replace("URL", endpoint.url))
        assert run(["generate", str(tmp_path / "r.yaml"), "-o", str(out), "--json"]) == 2
    assert len(asked) < 1_000  # the four thousand are not asked for: a second's worth of calls at the most
    said = capsys.readouterr()
    assert f"{out}: this run folder was deleted, moved or replaced" in said.err
    assert json.loads(said.out)["exit_code"] == 2
    assert [path.read_text() for path in victim.iterdir()] == ["mine"]
    if how is replace:
        assert list(out.iterdir()) == []
    if how in (move, replace, link):  # what was left is still a whole run folder, which can be put back
        assert json.loads((tmp_path / "moved" / "run.json").read_text())["state"] == "failed"


def test_no_link_that_appears_in_a_held_folder_is_followed(tmp_path: Path) -> None:
    folder, victim = tmp_path / "run", tmp_path / "victim"
    (folder / "checkpoints").mkdir(parents=True)
    victim.mkdir()
    (victim / "mine").write_text("mine")
    descriptor = os.open(folder, os.O_RDONLY)
    below.hold(folder, descriptor)
    try:
        write_aside(folder / "checkpoints" / "a", [b"1"])
        (folder / "checkpoints").rename(folder / "away")
        (folder / "checkpoints").symlink_to(victim)
        with pytest.raises(OSError):
            open_own(folder / "checkpoints" / "mine", os.O_WRONLY)
        acts: tuple[Callable[[], None], ...] = (
            lambda: write_aside(folder / "checkpoints" / "a", [b"2"]),
            lambda: below.unlink(folder / "checkpoints" / "mine"),
            lambda: below.replace(folder / "away" / "a", folder / "checkpoints" / "mine"),
            lambda: make_folder(folder / "checkpoints" / "more"),
        )
        for act in acts:
            with pytest.raises(Exception, match=r"link|Not a directory|path is a file"):
                act()
        folder.rename(tmp_path / "elsewhere")
        folder.symlink_to(victim)
        write_aside(folder / "away" / "b", [b"3"])
    finally:
        below.let_go(folder)
        os.close(descriptor)
    assert {path.name: path.read_text() for path in victim.iterdir()} == {"mine": "mine"}
    assert (tmp_path / "elsewhere" / "away" / "b").read_bytes() == b"3"


@pytest.mark.slow
def test_links_that_come_and_go_while_a_run_works_overwrite_nothing(tmp_path: Path) -> None:
    """A race: another thread swaps the folder of checkpoints and files for links all the time."""
    out, victim = tmp_path / "out", tmp_path / "victim"
    victim.mkdir()
    for name in ("run.json", "dataset.jsonl", "spending.jsonl", "2-plan.jsonl", "3-generate.jsonl"):
        (victim / name).write_text("mine")
    before = {path: path.read_bytes() for path in victim.rglob("*") if path.is_file()}
    over = threading.Event()

    def swap() -> None:
        while not over.is_set():
            for place in (out / "checkpoints", out / "run.json", out / "dataset.jsonl", out / "spending.jsonl"):
                aside = place.with_name(f"{place.name}.away")
                try:
                    place.rename(aside)
                    place.symlink_to(victim if place.name == "checkpoints" else victim / place.name)
                    time.sleep(0.001)
                    place.unlink()
                    aside.rename(place)
                except OSError:
                    continue

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        codes = [run(["generate", "tickets", "-n", "8", "-o", str(out), "--quiet"]) for _ in range(8)]
    finally:
        over.set()
        swapper.join()
    assert set(codes) <= {0, 2}
    assert {path: path.read_bytes() for path in victim.rglob("*") if path.is_file()} == before
