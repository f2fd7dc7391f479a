"""`datagen score`: planted accuracies lie within their intervals and rank right, whatever the form of the answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.bench.score import Marked as Marks
from datagen_cli.bench.score import mark, questions, quiz_of, table
from datagen_cli.cli.app import run
from datagen_cli.core.chat import Reply
from datagen_cli.core.errors import DataError
from datagen_cli.evaluation.load import Loaded, Wanted, load_dataset
from datagen_cli.llm import retry
from datagen_cli.metrics.dataset import Dataset
from tests.bench.running import offline
from tests.endpoint import Answer, Endpoint, refusal
from tests.grids import mostly_slow

PLANTED = {"sixty": 0.6, "eighty": 0.8, "most": 0.95}
FORMS = {"gsm8k": "number", "mmlu": "choices", "ag_news": "classes"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("score")
    for name, accuracy in PLANTED.items():
        offline(found / f"{name}.yaml", wrong_answer=1 - accuracy)
    bare = ("--seed", "1", "--set", "model.faults=none", "--set", "dedup=null", "--set", "validators=null", "--quiet")
    for name in FORMS:
        assert run(["generate", name, "-n", "100", "-o", str(found / name), *bare]) == 0
    return found


def score(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    models = [word for name in PLANTED for word in ("--model", str(folder / f"{name}.yaml"))]
    code = run(["score", *words, *models, "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMS)
def test_planted_accuracies_lie_within_their_intervals_and_rank_right(
    name: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = score(folder, capsys, str(folder / name), "-o", str(tmp_path / "out"))
    assert code == 0 and found["kind"] == FORMS[name] and found["n"] == 100 and found["simulated"]
    for row in found["models"]:
        low, high = row["accuracy"]["interval"]
        assert low <= PLANTED[row["model"]] <= high, row
    assert [row["rank"] for row in found["models"]] == [3, 2, 1]
    for pair in found["pairs"]:
        paired, unpaired = (pair[key][1] - pair[key][0] for key in ("interval", "unpaired"))
        assert paired < unpaired and pair["verdict"] == pair["b"]
    assert found["by"]


def test_asked_again_nothing_is_sent(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = (str(folder / "gsm8k"), "-n", "20", "-o", str(tmp_path / "out"))
    first = score(folder, capsys, *words)
    paths = sorted((tmp_path / "out").rglob("spending.jsonl"))
    paid = [json.loads(path.read_text().splitlines()[0])["spent"]["solver"]["solve"]["calls"] for path in paths]
    assert first[1]["n"] == 20 and paid == [20, 20, 20]
    assert score(folder, capsys, *words) == first
    again = [json.loads(path.read_text().splitlines()[0])["spent"]["solver"]["solve"]["calls"] for path in paths]
    assert again == paid


def test_beside_the_base_both_rankings_agree(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = tmp_path / "base.jsonl"
    rows = [json.loads(line) for line in (folder / "gsm8k" / "dataset.jsonl").read_text().splitlines()]
    base.write_text("".join(json.dumps({key: row[key] for key in ("question", "answer")}) + "\n" for row in rows[:60]))
    code, found = score(folder, capsys, str(folder / "gsm8k"), "--base", str(base), "-o", str(tmp_path / "out"))
    assert code == 0 and found["base"]["n"] == 60
    assert found["base"]["kendall_tau"] == 1


def test_free_answers_need_a_judge(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {
            "question": f"why {n}?",
            "answer": f"because of {n} and many other things besides, of which {n} is only the first",
        }
        for n in range(6)
    ]
    path = tmp_path / "free.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    words = (str(path), "--label", "answer", "-o", str(tmp_path / "out"))
    code, found = score(folder, capsys, *words)
    assert code == 2 and "nothing but a judge" in found["error"]
    code, found = score(folder, capsys, *words, "--judge", "offline")
    assert code == 0 and found["kind"] == "free"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--question", "asked"), "--question: no row has a column 'asked'"),
        (("--choices", "answer"), "points at no item"),
        (("--label", "gold"), "no row has a column 'gold'"),
        (("-m", "reviewer=offline"), "score asks no reviewer"),
        (("-m", "offline", "-m", "offline"), "one model twice"),
    ],
)
def test_bad_input_is_one_line(
    words: tuple[str, ...], told: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = score(folder, capsys, str(folder / "gsm8k"), *words, "-o", str(tmp_path / "out"))
    assert code == 2 and told in found["error"] and not (tmp_path / "out").exists()


def test_a_question_without_a_reply_counts_for_nobody() -> None:
    quiz = quiz_of(_loaded([{"question": f"{n} + 1?", "answer": n + 1} for n in range(4)]))
    marks = [Marks("a", [True, None, True, False]), Marks("b", [True, True, False, False])]
    found = table(quiz, marks)
    assert found["n"] == 3 and found["no_reply"] == 1
    assert [row["right"] for row in found["models"]] == [2, 1]


def test_rows_without_an_answer_are_left_out_and_said() -> None:
    quiz = quiz_of(_loaded([{"question": "1 + 1?", "answer": 2}, {"question": "2 + 2?", "answer": None}]))
    assert len(quiz) == 1 and quiz.left_out == 1
    with pytest.raises(DataError, match="no label"):
        quiz_of(_loaded([{"text": "nothing asked"}]))


def test_of_a_quiz_rows_whose_answer_is_none_of_their_choices_are_left_out() -> None:
    rows = [{"question": f"{n}?", "choices": ["x", "y", "z"], "answer": "ABC"[n % 3]} for n in range(10)]
    rows[4]["answer"] = "E"
    quiz = quiz_of(_loaded(rows))
    assert quiz.kind == "choices" and len(quiz) == 9 and quiz.left_out == 1
    for row in rows[:5]:
        row["answer"] = "none"
    with pytest.raises(DataError, match="answer points at no item of choices"):
        quiz_of(_loaded(rows))


def test_a_model_whose_replies_cannot_be_read_is_named(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "sums.jsonl"
    path.write_text("".join(json.dumps({"question": f"{n} and {n}?", "answer": 2 * n}) + "\n" for n in range(9)))
    code = run(["score", str(path), "-m", "offline", "-o", str(tmp_path / "out")])
    said = " ".join(capsys.readouterr().err.split())
    assert code == 0 and "of 9 replies hold no answer that can be read, and count as wrong" in said


def test_a_shipped_base_of_choices_is_read() -> None:
    quiz = quiz_of(load_dataset(str(Path(__file__).parents[2] / "recipes/data/mmlu.jsonl"), Wanted()))
    assert quiz.kind == "choices" and len(quiz) == 48
    assert all(right in item.choices for right, item in zip(quiz.right, quiz.items, strict=True))


def _loaded(rows: list[dict[str, Any]]) -> Loaded:
    return Loaded(Dataset("rows", rows, ("question",)), len(rows))


SUMS = [{"question": f"What is {n} + 1?", "answer": n + 1} for n in range(8)]


@pytest.mark.parametrize(("good", "rows"), [(0, 3), (0, 8), (3, 8)])
@pytest.mark.parametrize("status", mostly_slow([401, 422, 503]))
def test_an_endpoint_that_refuses_or_is_gone_ends_it_as_it_ends_a_run(
    status: int, good: int, rows: int, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(retry, "FIRST_WAIT_S", 0.01)

    def script(body: dict[str, Any], attempt: int) -> str | Answer:
        return '{"answer": "1"}' if endpoint.count <= good else refusal(status, "not for you")

    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in SUMS[:rows]))
    with Endpoint(script) as endpoint:
        (tmp_path / "m.yaml").write_text(f"name: any/model\nbase_url: {endpoint.url}\n")
        words = ["score", str(tmp_path / "a.jsonl"), "-m", str(tmp_path / "m.yaml"), "-o", str(tmp_path / "out")]
        code = run([*words, "--json", "--concurrency", "1", "--set", "limits.patience_s=0.2"])
    said = json.loads(capsys.readouterr().out)
    if status == 422 and good:  # a question that is refused later on is left out
        assert (code, said["n"], said["no_reply"]) == (0, good, rows - good)
    elif good:
        assert (code, said["n"]) == (5, good) and "not for you" in said["stopped"] and said["hint"]
    else:
        assert code == 5 and "not for you" in said["error"] and said["hint"]


def test_only_keys_of_the_model_and_of_limits_are_set(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, told in (("count=3", "only keys of model and of limits"), ("limits.patience_s=-1", "patience_s")):
        code, found = score(folder, capsys, str(folder / "gsm8k"), "--set", words, "-o", str(tmp_path / "out"))
        assert code == 2 and told in found["error"]


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        ([12, 3.5], "number"),
        (["$1,200", "#### 3"], "number"),
        (["1/2", "3"], "string"),
        (["50%", "3"], "string"),
        (["Nairobi", "Oslo"], "string"),
    ],
)
def test_an_answer_is_asked_for_as_a_number_where_every_label_is_one(labels: list[Any], kind: str) -> None:
    quiz = quiz_of(_loaded([{"question": f"{n}?", "answer": label} for n, label in enumerate(labels)]))
    for asked in questions(quiz):
        assert asked.response_format is not None and asked.end is not None and asked.end.tokens is not None
        answer = asked.response_format["json_schema"]["schema"]["properties"]["answer"]
        assert answer == {"type": [kind, "null"]}
        assert ("or a few words" in asked.prompt.messages[-1].content) == (kind == "string")


def test_of_a_sentence_the_number_counts_that_it_comes_down_to_unless_it_was_cut_off() -> None:
    quiz = quiz_of(_loaded([{"question": f"{n}?", "answer": 91} for n in range(4)]))
    said = "The piles hold 7 * 18 = 126 logs, so he has 126 - 35 = 91 logs left."
    replies = [
        Reply('{"answer": 91}'),
        Reply(said),
        Reply(said[:40], "length"),
        Reply("I cannot tell."),
    ]
    found = mark(quiz, "m", replies)
    assert (found.hits, found.unread) == ([True, True, False, False], 2)
    assert table(quiz, [found])["models"][0]["readable"] == 0.5
