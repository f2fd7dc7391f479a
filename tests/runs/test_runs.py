"""Whole runs on the offline model: exactly N, the same bytes, nothing paid twice."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from datagen_cli.cli.app import run
from tests.grids import mostly_slow
from tests.runs.whole import generate, outcome, report, rows

GSM8K = Path(__file__).parent / "gsm8k.yaml"
AG_NEWS = Path(__file__).parent / "ag_news.yaml"


@pytest.mark.slow
@pytest.mark.parametrize(("recipe", "base"), [(GSM8K, "gsm8k/train.jsonl"), (AG_NEWS, "ag_news/train.jsonl")])
def test_real_base_data_gives_exactly_the_records_asked_for(
    recipe: Path, base: str, tmp_path: Path, sample: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [recipe, "--set", f"base.path={sample(base)}"]
    assert generate(*arguments, "-o", tmp_path / "a", "-n", "200") == 0
    found = rows(tmp_path / "a")
    assert len(found) == 200
    texts = {" ".join(str(row.get("question") or row.get("text")).lower().split()) for row in found}
    assert len(texts) == 200
    assert all(set(row["verdicts"].values()) == {"pass"} for row in found)
    if recipe == AG_NEWS:
        assert Counter(row["label"] for row in found) == dict.fromkeys(sorted({row["label"] for row in found}), 50)

    assert generate(*arguments, "-o", tmp_path / "b", "-n", "200", "--concurrency", "3") == 0
    assert outcome(tmp_path / "a") == outcome(tmp_path / "b")

    again = report(capsys, *arguments, "-o", tmp_path / "a", "-n", "200")
    assert (again["calls"], again["cached_calls"], again["new_records"]) == (0, 0, 0)

    more = report(capsys, *arguments, "-o", tmp_path / "a", "-n", "300")
    assert more["accepted"] == 300
    assert more["new_records"] == 100
    assert rows(tmp_path / "a")[:200] == found
    assert 100 <= more["calls"] <= 100 + 2 * sum(more["rejected"].values())
    asked_before = {line["unit"] for line in rows(tmp_path / "b" / "checkpoints", "3-generate.jsonl") if "unit" in line}
    asked = [line["unit"] for line in rows(tmp_path / "a" / "checkpoints", "3-generate.jsonl") if "unit" in line]
    assert len(asked) == len(set(asked))
    assert {unit for unit in asked if int(unit[:6]) < 200} == asked_before

    fewer = report(capsys, *arguments, "-o", tmp_path / "a", "-n", "50")
    assert (fewer["calls"], fewer["accepted"], fewer["exit_code"]) == (0, 50, 0)
    assert rows(tmp_path / "a") == found[:50]


LEVEL = [
    "fields.level={type: label, description: how hard it is}",
    "label={field: level, values: {easy: one step, hard: many steps}}",
]
ATTRIBUTES = (
    "attributes={topic: [money, travel], steps: {values: [2, 3], weights: [2, 1]},"
    " mood: {values: [calm, hurried], emit: true, when: {topic: [money]}}}"
)
CONSTRAINTS = (
    "constraints=[{length: {field: question, min_words: 6, max_words: 120}},"
    " {unique: {field: question}}, {range: {field: answer, min: -1000000}}]"
)
SWITCHES: dict[str, list[list[str]]] = {
    "base": [[], ["base=null", "fields.question={type: text}", "fields.answer={type: number}"]],
    "quota": [[], LEVEL],
    "attributes": [["attributes=null"], [ATTRIBUTES]],
    "examples": [[], ["examples={strategy: none}"], ["examples={k: 2}"]],
    "constraints": [["constraints=null"], [CONSTRAINTS, "validators=[schema]"]],
    "per_call": [[], ["records_per_call=4"], ["records_per_call=7"]],
}


def pairwise_cases(switches: Mapping[str, Sequence[object]]) -> list[dict[str, int]]:
    """A small set of combinations in which every pair of choices of two switches stands together at least once."""
    names = list(switches)
    missing = {
        ((a, i), (b, j))
        for a, b in itertools.combinations(names, 2)
        for i in range(len(switches[a]))
        for j in range(len(switches[b]))
    }
    every = [
        dict(zip(names, choice, strict=True)) for choice in itertools.product(*(range(len(switches[n])) for n in names))
    ]
    cases = []
    while missing:
        best = max(every, key=lambda case: len(missing & pairs(case)))
        missing -= pairs(best)
        cases.append(best)
    return cases


def pairs(case: dict[str, int]) -> set[tuple[tuple[str, int], tuple[str, int]]]:
    return set(itertools.combinations(case.items(), 2))


@pytest.mark.parametrize(
    "case",
    mostly_slow(pairwise_cases(SWITCHES), 0, 1, 2),
    ids=lambda case: "-".join(f"{k}{v}" for k, v in case.items()),
)
def test_every_pair_of_switches_gives_exactly_n_valid_records(case: dict[str, int], tmp_path: Path) -> None:
    sets = [f"--set={value}" for name, choice in case.items() for value in SWITCHES[name][choice]]
    if case["base"] == 1:
        sets.append("--set=examples=null")
    assert generate("quickstart", "-n", "22", *sets, "--set=limits.attempts_per_record=12", "-o", tmp_path) == 0
    found = rows(tmp_path)
    assert len(found) == 22
    assert len({json.dumps([row["question"].casefold(), row["answer"], row.get("level")]) for row in found}) == 22
    assert all(isinstance(row["question"], str) and isinstance(row["answer"], int | float) for row in found)
    assert all(set(row["verdicts"].values()) <= {"pass"} for row in found)
    if case["quota"]:
        assert Counter(row["level"] for row in found) == {"easy": 11, "hard": 11}
    if case["attributes"]:
        assert Counter(row["attributes"]["topic"] for row in found) == {"money": 11, "travel": 11}
        assert all(row["mood"] == row["attributes"]["mood"] for row in found)
    assert len({tuple(row) for row in found}) == 1


def test_a_changed_recipe_keeps_what_it_does_not_touch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = ["quickstart", "-n", "20", "-o", tmp_path]
    base += [
        "--set=limits.attempts_per_record=30",
        "--set=model.faults={duplicate: 0, off_constraint: 0.5, near_copy: 0}",
        "--set=constraints.ends_with_a_question=null",
        "--set=constraints.range=null",
    ]
    first = report(capsys, *base, "--set=constraints.length.max_words=36", "--set=constraints.length.on_fail=drop")
    dropped = first["rejected"].get("length", 0)
    loosened = report(capsys, *base, "--set=constraints.length.max_words=400", "--set=constraints.length.on_fail=drop")
    assert dropped > 0
    assert loosened["calls"] == 0
    assert loosened["accepted"] == 20
    assert loosened["rejected"].get("length", 0) < dropped
    assert list((tmp_path / "previous").iterdir())


def test_surplus_of_a_batched_call_is_kept_and_used_when_the_count_grows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unchecked = "--set=validators=null"
    arguments = ["tickets", "--set=records_per_call=5", "--set=model.faults=none", unchecked, "-o", tmp_path]
    first = report(capsys, *arguments, "-n", "8")
    assert (first["calls"], first["rejected"], first["surplus"]) == (2, {}, 2)
    assert [row["reason"] for row in rows(tmp_path, "rejected.jsonl")] == ["surplus", "surplus"]
    second = report(capsys, *arguments, "-n", "10")
    assert (second["calls"], second["accepted"], second["rejected"]) == (0, 10, {})


def test_a_smaller_count_says_what_it_leaves_out_and_that_it_can_be_had_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generate("tickets", "-n", "6", "-o", tmp_path)
    whole = outcome(tmp_path)["dataset.jsonl"]
    capsys.readouterr()
    generate("tickets", "-n", "1", "-o", tmp_path)
    said = capsys.readouterr().err
    assert "1 of 1 record ·" in said
    assert "the dataset will hold 1 instead of 6 records; the same command with the larger count needs no call" in said
    assert len(rows(tmp_path)) == 1
    found = report(capsys, "tickets", "-n", "6", "-o", tmp_path)
    assert found["calls"] == 0
    assert outcome(tmp_path)["dataset.jsonl"] == whole


def test_a_new_run_gets_its_own_folder_and_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    found = report(capsys, "tickets", "-n", "3", "--new")
    assert found["run"].startswith("runs/tickets-")
    assert "--new" not in found["resume_command"]
    assert found["run"] in found["resume_command"]


def test_a_fresh_run_moves_the_old_one_aside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    generate("tickets", "-n", "4", "-o", tmp_path)
    before = outcome(tmp_path)
    found = report(capsys, "tickets", "-n", "4", "-o", tmp_path, "--fresh")
    assert found["calls"] >= 4
    assert outcome(tmp_path)["dataset.jsonl"] == before["dataset.jsonl"]
    kept = next((tmp_path / "previous").iterdir())
    assert (kept / "dataset.jsonl").read_bytes() == before["dataset.jsonl"]
    assert (kept / "calls.sqlite").exists()


def test_preview_is_not_paid_again_and_shows_the_plan_of_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert run(["preview", "tickets", "-n", "3", "-o", str(tmp_path), "--json", "--set=model.faults=none"]) == 0
    shown = json.loads(capsys.readouterr().out)["records"]
    found = report(capsys, "tickets", "-n", "3", "-o", tmp_path, "--set=model.faults=none")
    assert (found["calls"], found["cached_calls"]) == (0, 3 + 6)  # two of three solvers agree each time
    assert [item["stages"][-1]["fields"]["text"] for item in shown] == [row["text"] for row in rows(tmp_path)]


def test_the_lines_are_read_by_pandas_and_datasets(tmp_path: Path) -> None:
    assert generate("quickstart", "-n", "12", "-o", tmp_path / "run") == 0
    import datasets
    import pandas

    path = str(tmp_path / "run" / "dataset.jsonl")
    assert len(pandas.read_json(path, lines=True)) == 12
    loaded = datasets.load_dataset("json", data_files=path, split="train", cache_dir=str(tmp_path / "hf"))
    assert loaded.num_rows == 12


CHECKS: dict[str, list[str]] = {
    "code": [
        "",
        "{code: {question: question, answer: answer}}",
        "{code: {question: question, answer: answer, on_fail: fix}}",
    ],
    "reflect": ["", "{reflect: 2}"],
    "schema": ["", "schema"],
    "ask": ["", "{ask: The problem has exactly one question.}"],
    "language": ["", "{language: en}"],
    "near": ["", "near: 0.8"],
    "embedder": ["", "embedder: hashed"],
    "examples": ["random", "none", "clusters"],
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "case", pairwise_cases(CHECKS), ids=lambda case: "-".join(f"{name}{choice}" for name, choice in case.items())
)
def test_every_pair_of_checks_gives_n_valid_records_and_the_same_bytes(case: dict[str, int], tmp_path: Path) -> None:
    chosen = {name: CHECKS[name][choice] for name, choice in case.items()}

    def listed(*names: str) -> str:
        return ", ".join(chosen[name] for name in names if chosen[name])

    settings = [
        f"validators=[{listed('code', 'reflect', 'schema')}]",
        f"constraints=[{listed('ask', 'language')}]",
        f"dedup={{{listed('near', 'embedder')}}}",
        f"examples={{strategy: {chosen['examples']}}}",
        "embedder=hashed",
        "limits.attempts_per_record=20",
    ]
    arguments = ["quickstart", "-n", "15", *(f"--set={setting}" for setting in settings)]
    assert generate(*arguments, "-o", tmp_path / "one") == 0
    found = rows(tmp_path / "one")
    assert len(found) == len({row["question"] for row in found}) == 15
    assert all("fail" not in row["verdicts"].values() for row in found)
    if case["code"]:
        assert {row["verdicts"]["code"] for row in found} == {"pass"}
    assert generate(*arguments, "-o", tmp_path / "two", "--concurrency", "2") == 0
    assert outcome(tmp_path / "one") == outcome(tmp_path / "two")


@pytest.mark.parametrize("flag", [[], ["--unsafe-exec"]])
def test_programs_run_unconfined_only_where_the_user_says_so(
    flag: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from datagen_cli.sandbox import run as sandbox

    allowed = set()
    real = sandbox.run_program

    def watched(code: str, **options: object) -> object:
        allowed.add(options.pop("unsafe"))
        return real(code, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(sandbox, "run_program", watched)
    check = "--set=validators=[{code: {question: question, answer: answer}}]"
    found = report(capsys, "quickstart", "-n", "3", check, "-o", tmp_path, *flag)
    assert found["accepted"] == 3
    assert allowed == {bool(flag)}
    assert ("--unsafe-exec" in found["resume_command"]) == bool(flag)
