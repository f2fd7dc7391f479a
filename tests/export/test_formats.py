"""What single formats do with odd values: formulas, several fields, pairs, reviews."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.core.errors import UsageError
from datagen_cli.export.alpaca import Alpaca
from datagen_cli.export.csv import Csv
from datagen_cli.export.format import Columns, Exported
from datagen_cli.export.messages import Messages
from datagen_cli.export.parquet import Parquet
from datagen_cli.export.preference import Preference
from datagen_cli.export.prompt_completion import PromptCompletion
from datagen_cli.export.selection import as_reviewed, columns_of_run
from datagen_cli.export.sharegpt import ShareGPT
from datagen_cli.runs.review import Decision, Review
from datagen_cli.text.spreadsheet import safe


@pytest.mark.parametrize(
    "text",
    [
        "=1+2",
        "+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        " =1",
        "\r=1",
        "-x",
        "%0A",
        "＝1",
        "\ufeff=1",
        "\x00=1",
        "\u200b@x",
    ],
)
def test_cells_that_a_spreadsheet_would_run_become_text(text: str) -> None:
    assert safe(text) == f"'{text}"


@pytest.mark.parametrize("value", ["-5", "+3.5", "-1,200.50", "a=b", "x", "", 5, -5, None, True, "1e5"])
def test_other_cells_stay_as_they_are(value: Any) -> None:
    assert safe(value) == value


@pytest.mark.parametrize("inside", ["\r", "\n", "\r\n", '"', ",", "\u2028", "\x0b", "\x1c", "\x85"])
def test_a_cell_with_any_kind_of_line_break_stays_one_cell(inside: str, tmp_path: Path) -> None:
    rows = [{"id": "1", "text": f"one{inside}two", "kind": "a"}, {"id": "2", "text": "three", "kind": "b"}]
    Csv(Columns(("text", "kind"))).write(tmp_path / "x.csv", Exported(rows))
    with (tmp_path / "x.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == rows


def test_several_asking_fields_stand_under_their_names() -> None:
    columns = Columns(("task", "context", "answer"), ("task", "context"), ("answer",))
    row = {"id": "x", "task": "sum up", "context": "a b c", "answer": ["a", 1]}
    assert Messages(columns).line(row)["messages"] == [
        {"role": "user", "content": "task: sum up\ncontext: a b c"},
        {"role": "assistant", "content": '["a", 1]'},
    ]
    assert Alpaca(columns).line(row) == {"instruction": "sum up", "input": "a b c", "output": '["a", 1]'}


ROW: dict[str, Any] = {"id": "r-000001", "text": "good", "label": "a", "attributes": {"tone": "calm", "x": None}}


def test_a_pair_of_the_same_prompt_has_the_answers_apart() -> None:
    columns = Columns(("text", "label"), ("text",), ("label",), "d")
    rejected = [{"id": "r-000001", "text": "good", "label": "b", "reason": "solve"}]
    assert list(Preference(columns).lines(Exported([ROW], rejected))) == [
        {"prompt": "good", "chosen": "a", "rejected": "b"}
    ]


def test_a_separator_ends_every_prompt_that_an_answer_is_put_right_behind() -> None:
    columns = Columns(("text", "label"), ("text",), ("label",), "d", separator="\n")
    rejected = [{"id": "r-000001", "text": "good", "label": "b", "reason": "solve"}]
    assert [pair["prompt"] for pair in Preference(columns).lines(Exported([ROW], rejected))] == ["good\n"]
    assert PromptCompletion(columns).line(ROW) == {"prompt": "good\n", "completion": "a"}


def test_a_pair_of_the_same_plan_has_the_plan_as_its_prompt() -> None:
    columns = Columns(("text", "label"), ("text",), ("label",), "messages of customers")
    rejected: list[dict[str, Any]] = [
        {"id": "r-000001.2", "text": "bad", "label": "a", "reason": "length"},
        {"id": "r-000001.3", "text": "good again", "label": "a", "reason": "duplicate"},
        {"id": "r-000001.4", "text": None, "label": None, "reason": "malformed"},
        {"id": "r-000002", "text": "other slot", "label": "a", "reason": "length"},
    ]
    assert list(Preference(columns).lines(Exported([ROW], rejected))) == [
        {"prompt": "messages of customers\ntone: calm\nlabel: a", "chosen": "good", "rejected": "bad"}
    ]


def test_an_improved_record_is_chosen_before_its_weak_parent_and_before_attempts_each_once() -> None:
    columns = Columns(("text", "label"), ("text",), ("label",), "d")
    weak: Any = {"r-000001": {"id": "row 1", "text": "good", "label": "weak"}}
    rejected = [{"id": "r-000001", "text": "good", "label": name, "reason": "unchanged"} for name in ("weak", "b")]
    pairs = [(pair["chosen"], pair["rejected"]) for pair in Preference(columns).lines(Exported([ROW], rejected, weak))]
    assert pairs == [("a", "weak"), ("a", "b")]
    assert Preference(columns).size(Exported([ROW], rejected, weak)) == 2  # pairs, not records


def test_no_pair_is_an_error() -> None:
    with pytest.raises(UsageError, match="no accepted record has a rejected or a weak one to pair with"):
        list(Preference(Columns(("text",))).lines(Exported([ROW], [])))


def test_a_review_takes_rows_out_and_changes_them_and_the_last_decision_counts() -> None:
    rows = [{"id": str(n), "text": "old"} for n in range(4)]
    review = Review(
        [
            Decision("0", "reject"),
            Decision("1", "edit", fields={"text": "new", "other": 1}),
            Decision("2", "reject"),
            Decision("2", "keep"),
            Decision("3", "reject", of="of another record that stood there"),
            Decision("9", "reject"),
        ]
    )
    kept, left_out = as_reviewed(rows, review)
    assert kept == [{"id": "1", "text": "new"}, {"id": "2", "text": "old"}, {"id": "3", "text": "old"}]
    assert left_out == 1


@pytest.mark.parametrize(
    ("fields", "recipe", "given", "expected"),
    [
        ("ab", {}, ((), ()), (("a",), ("b",))),
        ("abc", {}, ((), ()), ((), ())),
        ("abc", {"label": "b"}, ((), ()), (("a", "c"), ("b",))),
        ("abc", {"label": {"field": "b"}}, (("a",), ()), (("a",), ("b",))),
        ("abc", {"write": ["c"], "label": "b"}, ((), ()), (("a", "b"), ("c",))),
        ("abc", {}, (("a",), ()), (("a",), ("b", "c"))),
        ("abc", {}, ((), ("c",)), (("a", "b"), ("c",))),
        ("ab", {}, (("b",), ()), (("b",), ("a",))),
        ("abc", {"label": "b", "attributes": {"c": ["x"]}}, ((), ()), (("a",), ("b",))),
        ("ab", {"label": "b", "attributes": {"a": ["x"]}}, ((), ()), (("a",), ("b",))),
        ("abc", {"attributes": {"c": ["x"]}}, ((), ()), (("a",), ("b",))),
        (["tags", "user", "assistant"], {}, ((), ()), (("user",), ("assistant",))),
        (["answer", "question", "why"], {}, (("why",), ()), (("why",), ("answer", "question"))),
    ],
)
def test_which_fields_ask_and_which_answer(fields: Any, recipe: Any, given: Any, expected: Any) -> None:
    row = {"id": "x", **dict.fromkeys(fields, ""), "attributes": {}, "verdicts": {}, "simulated": True}
    found = columns_of_run(row, recipe, *given)
    assert (found.asking, found.answering) == expected


@pytest.mark.parametrize(
    ("some", "others", "type_"),
    [
        ([1, 2], [1.5], "double"),
        ([None], ["a"], "string"),
        ([1], ["a"], "string"),
        ([True], [1], "string"),
        ([[]], [["a"]], "list<element: string>"),
        ([[]], [[], None], "list<element: string>"),
        ([None], [None], "string"),
        ([[{"role": "user", "n": None}]], [[{"role": "user"}]], "list<element: struct<role: string, n: string>>"),
        ([1], [2], "int64"),
    ],
)
def test_the_splits_of_a_run_have_the_same_columns_of_the_same_types(
    some: list[Any], others: list[Any], type_: str, tmp_path: Path
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    rows: list[dict[str, Any]] = [{"id": str(n), "x": value, "attributes": {}} for n, value in enumerate(some + others)]
    rows[-1]["attributes"] = {"tone": "calm"}
    for name, part in (("a", rows[: len(some)]), ("b", rows[len(some) :])):
        Parquet(Columns(("x",))).write(tmp_path / name, Exported(part, whole=rows))
        schema = parquet.read_schema(tmp_path / name)
        assert (schema.names, str(schema.field("x").type)) == (["id", "x", "attributes.tone"], type_)
        assert len(parquet.read_table(tmp_path / name)) == len(part)
    Csv(Columns(("x",))).write(tmp_path / "x.csv", Exported(rows[:1], whole=rows))
    assert (tmp_path / "x.csv").read_text("utf-8").splitlines()[0] == "id,x,attributes.tone"


def test_an_attribute_that_was_copied_into_the_records_is_one_column(tmp_path: Path) -> None:
    """As long as it says the same in every row: a reviewer may have edited the field."""
    rows: list[dict[str, Any]] = [
        {"id": str(n), "tone": tone, "kind": kind, "attributes": {"tone": tone, "kind": "a", "for": None}}
        for n, (tone, kind) in enumerate([("calm", "a"), ("angry", "b")])
    ]
    head = "id,tone,kind,attributes.kind,attributes.for"
    for name, part in (("all", rows), ("first", rows[:1])):
        Csv(Columns(("tone",))).write(tmp_path / name, Exported(part, whole=rows))
        assert (tmp_path / name).read_text("utf-8").splitlines()[0] == head
    parquet = pytest.importorskip("pyarrow.parquet")
    Parquet(Columns(("tone",))).write(tmp_path / "p", Exported(rows[:1], whole=rows))
    assert parquet.read_schema(tmp_path / "p").names == head.split(",")


def test_an_instruction_is_a_system_message_or_stands_where_the_format_has_its_place() -> None:
    row = {"id": "1", "text": "My bill is wrong.", "kind": "billing"}
    columns = Columns(("text", "kind"), ("text",), ("kind",), instruction="Which kind?")
    system = {"role": "system", "content": "Which kind?"}
    assert Messages(columns).line(row)["messages"][0] == system
    assert ShareGPT(columns).line(row)["conversations"][0] == {"from": "system", "value": "Which kind?"}
    assert Alpaca(columns).line(row) == {"instruction": "Which kind?", "input": row["text"], "output": "billing"}
    assert PromptCompletion(columns).line(row)["prompt"] == "Which kind?\n\nMy bill is wrong."
    whole = Columns(("talk",), conversation="talk", instruction="Which kind?")
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    assert Messages(whole).line({"id": "1", "talk": turns})["messages"] == [system, *turns]
    own = [{"role": "system", "content": "Be brief."}, *turns]
    assert Messages(whole).line({"id": "1", "talk": own})["messages"] == own
