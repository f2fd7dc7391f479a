"""The five recipes after public sets: bases of our own in the public form, balanced and correct; recipes that run."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from datagen_cli.cli.app import run
from datagen_cli.config.load import load_recipe
from datagen_cli.pipeline.build import build
from datagen_cli.text.normalise import fold
from tests.grids import mostly_slow

ROOT = Path(__file__).resolve().parents[2]
RECIPES = ROOT / "recipes"
SAMPLES = {
    "gsm8k": "gsm8k/train.jsonl",
    "mmlu": "mmlu/test.jsonl",
    "truthfulqa": "truthfulqa/truthfulqa.jsonl",
    "hellaswag": "hellaswag/val.jsonl",
    "ag_news": "ag_news/train.jsonl",
}
NAMES = sorted(SAMPLES)
HUB = {
    "gsm8k": "openai/gsm8k",
    "mmlu": "cais/mmlu",
    "truthfulqa": "truthfulqa/truthful_qa",
    "hellaswag": "Rowan/hellaswag",
    "ag_news": "fancyzhx/ag_news",
}
TEXT = {"gsm8k": "question", "mmlu": "question", "truthfulqa": "Question", "hellaswag": "ctx", "ag_news": "text"}
BALANCED = {"mmlu": "answer", "hellaswag": "label", "ag_news": "label"}
Row = dict[str, Any]


@lru_cache(maxsize=16)
def read(path: Path) -> tuple[Row, ...]:
    return tuple(json.loads(line) for line in path.read_text("utf-8").splitlines())


def own(name: str) -> tuple[Row, ...]:
    return read(RECIPES / "data" / f"{name}.jsonl")


def form(row: Row) -> dict[str, str]:
    """Column -> JSON type, of lists with their items' type and number."""
    found = {}
    for column, value in row.items():
        kind = type(value).__name__
        if isinstance(value, list):
            kind = f"list of {len(value)} {'/'.join(sorted({type(item).__name__ for item in value}))}"
        found[column] = kind
    return found


def grams(text: str, size: int = 5) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9]+", text.lower())
    return {tuple(words[at : at + size]) for at in range(len(words) - size + 1)}


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


@pytest.mark.parametrize("name", NAMES)
def test_the_base_is_of_our_own_and_says_the_public_one(name: str) -> None:
    text = (RECIPES / f"{name}.yaml").read_text("utf-8")
    recipe = yaml.safe_load(text)
    assert recipe["base"] == {"path": f"data/{name}.jsonl", "limit": 500}
    assert f"# base: {{hf: {HUB[name]}, " in text
    assert f"--set base.path={SAMPLES[name]}" in text
    assert recipe["model"] == "offline"
    assert "# model: " in text
    assert recipe["count"] == 200
    assert "seed" in recipe


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"gsm8k"}))
def test_labels_that_no_program_computes_are_solved_or_the_head_says_that_nothing_proves_them(name: str) -> None:
    text = (RECIPES / f"{name}.yaml").read_text("utf-8")
    said = " ".join(line.removeprefix("#").strip() for line in text.partition("version: 1")[0].splitlines())
    solved = any("solve" in check for check in yaml.safe_load(text)["validators"] if isinstance(check, dict))
    assert solved == bool(re.search(r"is checked by `solve`: two of three independent", said))
    assert solved != bool(re.search(r"Not checked here: whether .* With", said))


@pytest.mark.samples
@pytest.mark.parametrize("name", NAMES)
def test_the_base_has_the_columns_and_value_forms_of_the_public_set(name: str, sample: Callable[[str], Path]) -> None:
    forms = {tuple(sorted(form(row).items())) for row in read(sample(SAMPLES[name]))}
    rows = own(name)
    assert len(rows) >= 40
    for row in rows:
        assert tuple(sorted(form(row).items())) in forms
        assert all(text.strip() for column, value in row.items() if column != "ctx_b" for text in texts(value))


@pytest.mark.samples
@pytest.mark.parametrize("name", mostly_slow(NAMES, 1))
def test_no_row_is_taken_from_the_public_set(name: str, sample: Callable[[str], Path]) -> None:
    column = TEXT[name]
    public = read(sample(SAMPLES[name]))
    exact = {fold(row[column]) for row in public}
    wordings = set().union(*(grams(row[column]) for row in public))
    assert len({fold(row[column]) for row in own(name)}) == len(own(name))
    for row in own(name):
        found = grams(row[column])
        assert fold(row[column]) not in exact
        assert len(found & wordings) < 0.5 * max(1, len(found)), row[column]


@pytest.mark.parametrize("name", sorted(BALANCED))
def test_labels_are_balanced_in_the_base(name: str) -> None:
    counts = Counter(row[BALANCED[name]] for row in own(name))
    assert len(counts) == 4
    assert len(set(counts.values())) == 1


def test_every_mmlu_question_has_four_different_choices_and_every_subject_the_same_share() -> None:
    for row in own("mmlu"):
        assert len({fold(choice) for choice in row["choices"]}) == 4
        assert row["answer"] in "ABCD"
    shares = Counter(row["subject"] for row in own("mmlu"))
    assert set(shares.values()) == {6}
    recipe = load_recipe("mmlu", environ={}, cwd=ROOT).options
    assert set(recipe.attributes["subject"].values or {}) == set(shares)


# Questions of the mmlu base that can be computed, with the right choice as computed here.
COMPUTED = {
    "What is 7 × 8 − 19?": str(7 * 8 - 19),
    "pieces of 1/8 meter": str(round(3 / 4 / (1 / 8))),
    "equal to 0.35": "7/20" if 7 / 20 == 0.35 else "",
    "x, 2x and 3x degrees": str(180 // (1 + 2 + 3)),
    "discount of 20%": f"${round(40 / 0.8)}",
    "divisible by 6, by 8 and by 9": str(next(n for n in range(1, 999) if n % 6 == n % 8 == n % 9 == 0)),
    "binary number 1101": str(int("1101", 2)),
    'len("river") + 2': str(len("river") + 2),
    "range(2, 11, 3)": str(len(range(2, 11, 3))),
    "four edges below the root": str(2**4),
    "8 bits in two's complement": str(-(2**7)),
}


@pytest.mark.parametrize("words", COMPUTED)
def test_an_mmlu_answer_that_can_be_computed_is_right(words: str) -> None:
    (row,) = [row for row in own("mmlu") if words in row["question"]]
    assert row["choices"]["ABCD".index(row["answer"])] == COMPUTED[words]


def test_every_truthfulqa_row_has_its_best_answer_among_the_correct_ones_and_none_twice() -> None:
    for row in own("truthfulqa"):
        correct, wrong = row["Correct Answers"].split("; "), row["Incorrect Answers"].split("; ")
        assert row["Best Answer"] in correct
        assert len(set(map(fold, correct + wrong))) == len(correct) + len(wrong)
        assert len(correct) >= 2
        assert len(wrong) >= 3
        assert row["Question"].endswith("?")
        assert row["Type"] in ("Adversarial", "Non-Adversarial")
        assert "http" not in row["Source"]


def test_every_hellaswag_scene_is_its_two_parts_and_its_label_an_index_of_four_different_endings() -> None:
    rows = own("hellaswag")
    for row in rows:
        assert row["ctx"] == f"{row['ctx_a']} {row['ctx_b']}".strip()
        assert len({fold(ending) for ending in row["endings"]}) == 4
        assert row["label"] in range(4)
    for column in ("ind", "source_id"):
        assert len({row[column] for row in rows}) == len(rows)
    assert {bool(row["ctx_b"]) for row in rows} == {True, False}


@pytest.mark.samples
@pytest.mark.parametrize("name", mostly_slow(NAMES, 1))
def test_the_recipe_reads_its_own_base_and_the_public_set_without_a_bad_row(
    name: str, sample: Callable[[str], Path]
) -> None:
    for override in ([], [f"base.path={sample(SAMPLES[name])}"]):
        recipe = load_recipe(name, overrides=[*override, "embedder=hashed"], environ={}, cwd=ROOT)
        built = build(recipe, {"generator": "offline"})
        assert built.base.skipped == 0
        assert len(built.rows) == (500 if override else len(own(name)))
        kept = [made for check, made in built.constraints if check.name != "no_markup"]  # which the public news have
        for constraint in kept:
            failing = [row for row in built.rows.values() if constraint.check(row).outcome == "fail"]
            assert len(failing) <= 0.05 * len(built.rows), constraint.describe()


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_dozen_records_are_written_from_the_own_base(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # without the weights of an embedding model: the full runs are measured by hand, see the recipe's head
    arguments = [name, "-n", "12", "-o", tmp_path / "run", "--set", "embedder=hashed", "--json"]
    code = run(["generate", *map(str, arguments)])
    found = json.loads(capsys.readouterr().out)
    assert (code, found["state"], found["accepted"]) == (0, "done", 12), found
    rows = read(tmp_path / "run" / "dataset.jsonl")
    column = next(column for column in ("question", "ctx", "text") if column in rows[0])
    assert len({fold(row[column]) for row in rows}) == 12
    assert all("fail" not in row["verdicts"].values() for row in rows)
    if name in BALANCED:
        assert set(Counter(row[BALANCED[name]] for row in rows).values()) == {3}
    if name == "mmlu":
        assert all(row["subject"] == row["attributes"]["subject"] for row in rows)
