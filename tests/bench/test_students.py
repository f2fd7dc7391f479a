"""The other students of a bench: in context and fine-tuned, each with a PGR of its own kind."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.bench import examine
from datagen_cli.core.chat import Reply
from datagen_cli.pipeline.questions import Answers, Desk, Question
from tests.bench.running import NEWS, SEEDS, TEST, bench, offline, refused, row_of
from tests.evaluation.files import news


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, rows: Sequence[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def nearest(desk: Desk, questions: Sequence[Question], note: Callable[[str], None]) -> Answers:
    """A model that says the label of the demonstration with the most words in common; the first label without any."""
    replies: list[Reply | str] = []
    for question in questions:
        turns = question.prompt.messages[1:]
        words = set(turns[-1].content.split())
        shown = [(turns[n].content, turns[n + 1].content) for n in range(0, len(turns) - 1, 2)]
        best = max(shown, key=lambda one: len(words & set(one[0].split())), default=("", "money"))
        replies.append(Reply(best[1]))
    return Answers(replies, len(replies))


def sets(folder: Path) -> list[str]:
    """Two ready sets, one with most labels wrong, and real rows."""
    good, bad = write(folder / "good.jsonl", news(80, 1)), write(folder / "bad.jsonl", news(80, 2, wrong=1.0))
    real, test = write(folder / "real.jsonl", news(80, 3)), write(folder / "test.jsonl", news(100, 4))
    return ["--dataset", f"good={good}", "--dataset", f"bad={bad}", "--train", real, "--test", test]


def test_in_context_students_are_told_apart_by_their_demonstrations(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(examine, "ask_all", nearest)
    code, found, _ = bench(capsys, *sets(folder), "--student", "in_context", "--student-model", "offline")
    assert code == 0
    good, bad = (row_of(found, name)["metrics"] for name in ("good", "bad"))
    assert good["pgr[icl]"]["value"] > bad["pgr[icl]"]["value"] + 20
    assert good["pgr[icl]"]["rank"] == 1 and "pgr[tstr]" not in good
    assert "k=4|test=100" in good["pgr[icl]"]["signature"]


@pytest.mark.slow
def test_without_a_gap_the_raw_difference_is_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The offline model looks at no demonstration: its base is its reference."""
    words = (*sets(folder), "--student", "in_context", "--student-model", "offline", "-o", "out")
    code, found, _ = bench(capsys, *words)
    assert code == 0
    metrics = row_of(found, "good")["metrics"]
    assert "pgr[icl]" not in metrics and metrics["gain[icl]"]["interval"][0] <= 0 <= metrics["gain[icl]"]["interval"][1]
    assert any("there is no gap to recover" in note for note in found["notes"])
    ledger = (folder / "out" / "students" / "spending.jsonl").read_text()
    assert bench(capsys, *words)[1] == found
    assert (folder / "out" / "students" / "spending.jsonl").read_text().count('"calls":') == ledger.count('"calls":')


@pytest.mark.slow
def test_the_fine_tuned_student_has_a_kind_of_its_own(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    code, found, _ = bench(capsys, *sets(folder), "--student", "transformer", "--student", "linear", *SEEDS)
    assert code == 0
    good, bad = (row_of(found, name)["metrics"] for name in ("good", "bad"))
    for kind in ("pgr[sft]", "pgr[tstr]"):
        assert good[kind]["value"] > bad[kind]["value"]
    assert "scratch+head" in good["pgr[sft]"]["signature"]


def test_a_student_without_its_model_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = offline(folder / "one.yaml")
    words = (NEWS, "-m", one, "-m", one, "--test", TEST, "--student", "in_context")
    assert "no model is named" in refused(capsys, *words)


@pytest.mark.slow
def test_rows_written_from_a_test_row_teach_nobody(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A rewrite that keeps its source beside it: the source stands in the test."""
    test = news(100, 4)
    rewrites = [{"text": row["text"], "label": row["label"], "made": f"{row['text']} again"} for row in test[:60]]
    rows = [{"text": row["text"], "label": row["label"], "made": row["text"]} for row in news(60, 7)]
    paths = [write(folder / f"{n}.jsonl", [*rewrites, *rows][n:]) for n in (0, 1)]
    words = [word for n, path in enumerate(paths) for word in ("--dataset", f"{n}={path}")]
    test_file = write(folder / "test.jsonl", [{"made": row["text"], "label": row["label"]} for row in test])
    train = write(folder / "real.jsonl", [{"made": row["text"], "label": row["label"]} for row in news(80, 3)])
    code, found, _ = bench(capsys, *words, "--text", "made", "--test", test_file, "--train", train)
    assert code == 0
    assert any(f"students of {int(60 * 0.8)} rows" in note for note in found["notes"])


@pytest.mark.slow
def test_students_learn_from_the_rows_that_were_shown_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = f"bench: 1\nrecipes: [{NEWS}]\nmodels: {{a: offline, b: {{name: offline, identity: b}}}}\ntest: {TEST}\n"
    counts = []
    for name, more in (("without", ""), ("with", "include_seed: true\n")):
        (folder / f"{name}.yaml").write_text(f"{text}count: 120\n{more}")
        code, found, said = bench(capsys, f"{name}.yaml", *SEEDS)
        assert code == 0, said
        counts += [int(seen[1]) for note in found["notes"] if (seen := re.search(r"students of (\d+) rows", note))]
    assert counts == [120, 168]
