"""What is the same run: a recipe is its name and content, a model what it is called; wrong settings cost no attempt."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.pipeline import runner
from tests.endpoint import Answer, Endpoint, refusal
from tests.grids import mostly_slow
from tests.runs.whole import generate, outcome, report

RECIPE = """
version: 1
name: notes
description: Short notes.
fields: {text: {type: text}}
model: {name: default, base_url: "%s", structured: off}
count: 6
limits: {concurrency: 2, patience_s: 5}
"""


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "AGAIN_S", 0.01)


def note(body: dict[str, Any], attempt: int = 1) -> str:
    return json.dumps({"records": [{"text": f"note number {body['seed']}"}]})


def recipe(folder: Path, url: str, name: str = "notes.yaml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(RECIPE % url)
    return folder / name


def no_system(body: dict[str, Any]) -> bool:
    return body["messages"][0]["role"] == "system"


@pytest.mark.parametrize(
    ("status", "sentence", "more"),
    mostly_slow(
        [
            (400, "this model needs a license", []),
            (422, "top_k: unknown parameter", ["--set=model.top_k=7"]),
            (401, "bad key", []),
            (404, "no such model", []),
            (415, "unsupported media", []),
            (400, "this model needs a license", ["-n", "2"]),
            (400, "this model needs a license", ["--set=limits.concurrency=1", "--set=limits.attempts_per_record=1"]),
        ],
        0,
        1,
    ),
)
def test_a_wrong_setting_uses_up_no_attempt(
    status: int, sentence: str, more: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = True
    with Endpoint(lambda body, attempt: refusal(status, sentence) if wrong else note(body)) as endpoint:
        path = recipe(tmp_path, endpoint.url)
        for _ in range(3):
            found = report(capsys, path, "-o", tmp_path / "run", *more)
            assert (found["exit_code"], found["rejected"], found["cost_usd"]) == (5, {}, 0)
            assert sentence in found["error"]
        wrong = False
        found = report(capsys, path, "-o", tmp_path / "run", *more)
    assert (found["exit_code"], found["accepted"], found["rejected"]) == (0, found["count"], {})


def test_one_prompt_that_is_refused_first_of_all_costs_its_attempt_and_is_sent_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first: list[int] = []

    def script(body: dict[str, Any], attempt: int) -> str | Answer:
        first.append(body["seed"])
        return refusal(400, "not this one") if body["seed"] == first[0] else note(body)

    with Endpoint(script) as endpoint:
        found = report(capsys, recipe(tmp_path, endpoint.url), "-o", tmp_path / "run", "--set=limits.concurrency=1")
        assert endpoint.count == 7
    assert (found["exit_code"], found["accepted"], found["rejected"]) == (0, 6, {"bad_request": 1})


def moved(path: Path, tmp_path: Path) -> tuple[Path, Path]:
    return (tmp_path / "project").rename(tmp_path / "elsewhere") / path.name, tmp_path / "elsewhere" / "run"


def renamed(path: Path, tmp_path: Path) -> tuple[Path, Path]:
    return path.rename(path.with_name("better-name.yaml")), tmp_path / "project" / "run"


def from_stdin(path: Path, tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "copy").mkdir()
    copy = tmp_path / "copy" / "x.yaml"
    copy.write_text(path.read_text())
    return copy, tmp_path / "project" / "run"


@pytest.mark.parametrize("change", [moved, renamed, from_stdin])
@pytest.mark.parametrize("count", mostly_slow([6, 8]))
def test_a_project_that_moved_or_a_recipe_file_of_another_name_pays_nothing_again(
    change: Callable[[Path, Path], tuple[Path, Path]], count: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(note) as endpoint:
        path = recipe(tmp_path / "project", endpoint.url)
        assert generate(path, "-o", tmp_path / "project" / "run") == 0
        path, run = change(path, tmp_path)
        found = report(capsys, path, "-o", run, "-n", str(count))
    assert (found["exit_code"], found["calls"], found["accepted"]) == (0, count - 6, count)


def test_a_recipe_of_another_name_is_told_how_to_pay_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(note) as endpoint:
        path = recipe(tmp_path, endpoint.url)
        assert generate(path, "-o", tmp_path / "run") == 0
        path.write_text(path.read_text().replace("name: notes", "name: letters"))
        assert generate(path, "-o", tmp_path / "run") == 2
        said = capsys.readouterr().err
        assert "belongs to the recipe notes" in said and f"--cache {tmp_path / 'run' / 'calls.sqlite'}" in said
        found = report(capsys, path, "-o", tmp_path / "other", "--cache", tmp_path / "run" / "calls.sqlite")
    assert (found["calls"], found["cached_calls"], found["accepted"]) == (0, 6, 6)


@pytest.mark.parametrize("how", ["resume", "cache"])
def test_the_same_model_at_another_address_is_the_same_model(
    how: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(note) as endpoint:
        path = recipe(tmp_path, endpoint.url)
        assert generate(path, "-o", tmp_path / "run", "-n", "4") == 0
    with Endpoint(note) as endpoint:
        path = recipe(tmp_path, endpoint.url.replace("127.0.0.1", "localhost"))
        if how == "resume":
            found = report(capsys, path, "-o", tmp_path / "run")
        else:
            found = report(capsys, path, "-o", tmp_path / "other", "--cache", tmp_path / "run" / "calls.sqlite")
        assert (found["calls"], endpoint.count, found["accepted"]) == (2, 2, 6)


@pytest.mark.parametrize("more", ["model.identity=large", "model.name=other"])
def test_another_identity_is_another_model(more: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Endpoint(note) as endpoint:
        path = recipe(tmp_path, endpoint.url)
        assert generate(path, "-o", tmp_path / "run") == 0
        assert report(capsys, path, "-o", tmp_path / "run", f"--set={more}")["calls"] == 6


def test_a_model_that_calls_itself_otherwise_than_in_the_last_run_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(note) as endpoint:
        path = recipe(tmp_path, endpoint.url)
        assert generate(path, "-o", tmp_path / "run", "-n", "4") == 0
        assert "is called" not in capsys.readouterr().err

        def other(body: dict[str, Any], attempt: int) -> str:
            return note({**body, "model": "small"})

    def served(body: dict[str, Any], attempt: int) -> Answer:
        message = {"message": {"role": "assistant", "content": note(body)}, "finish_reason": "stop"}
        return Answer(body=json.dumps({"model": "small-model", "choices": [message]}).encode())

    with Endpoint(served) as endpoint:
        assert generate(recipe(tmp_path, endpoint.url), "-o", tmp_path / "run") == 0
    said = capsys.readouterr().err
    assert said.count("is called small-model; in the last run default-served") == 1


@pytest.mark.parametrize("name", ["max_tokens", "params.max_completion_tokens"])
def test_more_tokens_keep_whole_replies_and_ask_again_for_those_that_were_cut_off(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def script(body: dict[str, Any], attempt: int) -> str | Answer:
        most = body.get("max_tokens", body.get("max_completion_tokens"))
        long = body["seed"] == long_seed
        return Answer("half a no", finish_reason="length") if long and most <= 200 else note(body)  # type: ignore[operator]

    from datagen_cli.core.chat import Draw
    from datagen_cli.llm.client import draw_seed

    long_seed = draw_seed(0, Draw(2, 1, "generate"))
    with Endpoint(script) as endpoint:
        path = recipe(tmp_path, endpoint.url)
        few = [f"--set=model.{name}=100", "--set=limits.attempts_per_record=1"]
        found = report(capsys, path, "-o", tmp_path / "run", *few)
        assert (found["accepted"], found["rejected"]) == (5, {"truncated": 1})
        many = [f"--set=model.{name}=400", "--set=limits.attempts_per_record=1"]
        if name == "max_tokens":
            found = report(capsys, path, "-o", tmp_path / "run", *many)
            assert (found["accepted"], found["calls"], found["rejected"]) == (6, 1, {})
        cache = ["--cache", str(tmp_path / "run" / "calls.sqlite")]
        found = report(capsys, path, "-o", tmp_path / "other", *many, *cache)
        assert (found["accepted"], found["calls"]) == (6, 0 if name == "max_tokens" else 1)
        generate(path, "-o", tmp_path / "whole", *many)
    assert outcome(tmp_path / "other") == outcome(tmp_path / "whole")


PLACED = """
version: 1
name: placed
description: Short notes.
include: part.yaml
base: {path: data/base.jsonl}
fields: {text: text}
model: offline
count: 4
prompts: {system: prompts/system.j2}
dedup: {near: 0.9, against: [base, data/other.jsonl]}
"""


def placed(home: Path) -> None:
    for folder in ("data", "prompts", "sub/deeper"):
        (home / folder).mkdir(parents=True)
    (home / "r.yaml").write_text(PLACED)
    (home / "part.yaml").write_text("limits: {concurrency: 3}\nseed: 5\n")
    (home / "prompts" / "system.j2").write_text("You write notes.\n")
    for name in ("base", "other"):
        rows_ = ({"text": f"{name} note {n} tells of {n * 7919} apples"} for n in range(9))
        (home / "data" / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows_))


@pytest.mark.parametrize(
    ("there", "recipe_", "out"),
    mostly_slow(
        [
            ("sub", "../r.yaml", "../c"),
            ("sub/deeper", "../../r.yaml", "../../c"),
            ("sub", "../sub/../r.yaml", "../c/"),
            (".", "./r.yaml", "./sub/../c"),
            (".", "{home}/r.yaml", "{home}/c"),
            ("sub", "{home}/r.yaml", "../c"),
            ("../copy", "r.yaml", "../home/c"),
        ],
        0,
        4,
    ),
)
def test_from_wherever_it_is_called_a_recipe_is_the_same(
    there: str,
    recipe_: str,
    out: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    home = tmp_path / "home"
    placed(home)
    placed(tmp_path / "copy")
    monkeypatch.chdir(home)
    assert report(capsys, "r.yaml", "-o", "c")["new_records"] == 4
    monkeypatch.chdir(home / there)
    words = [word.format(home=home) for word in (recipe_, "-o", out)]
    again = report(capsys, *words)
    assert (again["calls"], again["new_records"], again["accepted"]) == (0, 0, 4)
    assert again["reason"].startswith("already complete")
    more = report(capsys, *words, "-n", "5")
    assert (more["new_records"], more["accepted"]) == (1, 5)
    assert not (home / "c" / "previous").exists()
