"""Gates: what they may say, what passes, what fails and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datagen_cli.core.errors import UsageError
from datagen_cli.evaluation.evaluate import Evaluation, evaluate
from datagen_cli.evaluation.gates import check_gates, idle, parse_gate, read_gates, refuse_unnamed_embedder
from datagen_cli.evaluation.load import Wanted, load_dataset, load_reference
from datagen_cli.metrics.measure import Measure
from tests.evaluation.files import news, write

MEASURES = {
    "self_bleu": Measure(0.31, "lower", "s", (0.3, 0.33), {"2": 0.6}),
    "near_duplicates": Measure(0.1, "lower", "s", None, {"exact": {"rows": 4, "extra": 2}, "pairs": [["a", "b", 1.0]]}),
    "verified": Measure(0.9, "higher", "s", None, {"code": {"before": {"pass": 9}, "after": {"pass": 9}}}),
    "mauve": Measure.missing("no reference given", "higher"),
    "balance": Measure(0.9, "higher", "s", None, {"labels": {"a.b": 3, "x@y=z": 2, "it's": 1}, "unlabelled": 0}),
    "length": Measure(0.3, "none", "s"),
    "safety": Measure(0.0, "lower", "s", no_interval="none of 300 found", bound=(0.0, 0.01)),
}


def checked(text: str, tmp_path: Path) -> dict[str, Any]:
    ours = load_dataset(write(tmp_path / "a.jsonl", news(3)), Wanted())
    found = evaluate(ours, None, list(MEASURES), embedder=None, given=MEASURES, say=lambda word: None)
    return check_gates([parse_gate(text)], found)[0]


@pytest.mark.parametrize(
    ("text", "passed"),
    [
        ("self_bleu<=0.31", True), ("self_bleu < 0.31", False), ("self_bleu>=0.31", True), ("self_bleu>.3", True),
        ("self_bleu==0.31", True), ("self_bleu@high<=0.32", False), ("self_bleu@low >= 3e-1", True),
        ("safety@high<=0.01", True), ("safety@high<=0.005", False),
        ("self_bleu.2<0.7", True), ("near_duplicates.exact.extra==2", True), ("near_duplicates.pairs==1", True),
        ("verified.code.after.pass>=9", True), ("verified.code.after.fail==0", True),
        ('balance.labels."a.b"==3', True), ("balance.labels.'x@y=z' <= 2", True), ('balance.labels."it\'s">0', True),
        ("balance.unlabelled<=0", True), ("length<=0.3", True), ("length<=0.29999999999999999", False),
    ],
)  # fmt: skip
def test_a_gate_compares(text: str, passed: bool, tmp_path: Path) -> None:
    assert checked(text, tmp_path)["passed"] is passed


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("mauve>0.5", "no reference given"), ("mauve<0.5", "no reference given"),
        ("verified@low>0.5", "verified has no interval"),
        ("verified.codes.after.pass>1", "verified.codes is not there"),
        ("balance.labels.x>=0", "balance.labels.x is not there: there are a.b, "),
        ("self_bleu<reference", "no reference to compare with"),
        ("self_bleu.2@high<=0.7", "self_bleu.2 has no interval"),
    ],
)  # fmt: skip
def test_a_missing_value_fails_and_says_why(text: str, reason: str, tmp_path: Path) -> None:
    found = checked(text, tmp_path)
    assert found["passed"] is False
    assert reason in found["reason"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("selfbleu<1", "no measure 'selfbleu'"), ("self_bleu", "cannot be read"), ("self_bleu=<1", "cannot be read"),
        ("self_bleu<one", "cannot be read"), ("self_bleu@mid<1", "cannot be read"),
        ("mauve>reference*0.9", "is not measured of the reference"), ("mauve.x>1", "no detail 'x'"),
        ("self_bleu.7<1", "no detail '7'"), ("correctness.fail<=0", "no detail 'fail'"),
        ("verified.code.fail<=0", "no detail 'code.fail'"), ("verified.code>1", "no detail 'code'"),
        ("balance.labels.a.b>1", "no detail 'labels.a.b'"), ("near_duplicates.exact.more==0", "no detail"),
    ],
)  # fmt: skip
def test_what_is_no_gate_is_an_error(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        parse_gate(text)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("self_bleu=<0.5", "self_bleu<=0.5"), ("self_bleu≤0.5", "self_bleu<=0.5"), ("self_bleu=0.5", "self_bleu==0.5"),
        ("self_bleu <= 0,5", "self_bleu <= 0.5"), ("self_bleu<=50%", "self_bleu<=0.5"),
        ("self-bleu<=0.5", "self_bleu<=0.5"), ("'self_bleu<=0.5'", "self_bleu<=0.5"),
        ("self_bleu<=1.1*reference", "self_bleu<=reference*1.1"), ("safety@high=<2.5 %", "safety@high<=0.025"),
    ],
)  # fmt: skip
def test_what_a_misspelt_gate_may_mean_is_said(text: str, meant: str) -> None:
    with pytest.raises(UsageError, match="cannot be read") as caught:
        parse_gate(text)
    assert caught.value.hint.startswith(f"did you mean {meant}? a gate is METRIC")
    parse_gate(meant)


@pytest.mark.parametrize(
    "text",
    [
        "self_bleu<=1e999",
        "length>=-1e999",
        "length<=reference*1e400",
        "self_bleu<=inf",
        "1" * 50_000,
        "1" * 50_000 + "%",
        "a.b" + " " * 50_000 + "x",
    ],
)
def test_a_bound_that_is_no_number_is_an_error(text: str) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        parse_gate(text)


def test_a_gate_that_no_value_can_fail_is_told(tmp_path: Path) -> None:
    held = ("self_bleu<=50", "self_bleu@high<1.01", "safety<=2", "ingf>=0", "compression_ratio>-1")
    for text in held:
        (said,) = idle([parse_gate(text)])
        assert said.startswith(f"{text} never fails: ")
    usual = ("self_bleu<=1", "self_bleu>=50", "length<=50", "ingf>=1", "self_bleu<=reference*9", "safety.total<=2")
    assert idle([parse_gate(text) for text in (*usual, "self_bleu==2", "compare.self_bleu.worse<=2")]) == []


def test_a_measure_in_capitals_is_recognised() -> None:
    with pytest.raises(UsageError) as caught:
        parse_gate("Self_BLEU<=0.5")
    assert caught.value.hint == "did you mean self_bleu?"


def test_a_reference_without_rows_is_the_reason(tmp_path: Path) -> None:
    first = load_dataset(write(tmp_path / "a.jsonl", news(50)), Wanted())
    second = load_reference(write(tmp_path / "b.jsonl", []), first.dataset, Wanted())
    found = evaluate(first, second, ["length"], embedder=None, given={}, say=lambda word: None)
    (gate,) = check_gates([parse_gate("length<=reference*2")], found)
    assert (gate["passed"], gate["reason"]) == (False, "the reference has no rows")


def against(ours: int, theirs: int, tmp_path: Path) -> Evaluation:
    first = load_dataset(write(tmp_path / "a.jsonl", news(ours)), Wanted())
    second = load_reference(write(tmp_path / "b.jsonl", news(theirs, 1)), first.dataset, Wanted())
    return evaluate(first, second, ["self_bleu", "length"], embedder=None, given={}, say=lambda word: None)


@pytest.mark.parametrize(("ours", "theirs"), [(50, 200), (200, 50)])
def test_the_reference_is_compared_with_at_equal_size(ours: int, theirs: int, tmp_path: Path) -> None:
    found = against(ours, theirs, tmp_path)
    gates = [
        parse_gate(text) for text in ("self_bleu<=reference*1.2", "self_bleu<=reference*0.5", "length<=reference*2")
    ]
    assert [gate["passed"] for gate in check_gates(gates, found)] == [True, False, True]


def test_a_bound_is_multiplied_as_it_is_written(tmp_path: Path) -> None:
    found = against(50, 50, tmp_path)
    same = Evaluation(
        found.views, found.reference, {"length": Measure(0.3, "none", "s")}, {"length": Measure(0.1, "none", "s")}, 50
    )
    (gate,) = check_gates([parse_gate("length<=reference*3")], same)
    assert (gate["passed"], gate["bound"]) == (True, 0.3)
    (gate,) = check_gates([parse_gate("length>reference*3")], same)
    assert gate["passed"] is False


def test_a_gate_on_embeddings_names_the_embedder() -> None:
    gates = [parse_gate("self_bleu<=1"), parse_gate("vendi>=1")]
    refuse_unnamed_embedder(gates, "hashed")
    refuse_unnamed_embedder(gates[:1], None)
    with pytest.raises(UsageError, match="vendi depends on the embedder") as caught:
        refuse_unnamed_embedder(gates, None)
    assert "--embedder" in caught.value.hint


def test_gates_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "gates.txt"
    path.write_text('# quality\ngates:\n  - "self_bleu<=0.5"\nlength > 3  # words\n\n')
    assert [gate.text for gate in read_gates(path)] == ["self_bleu<=0.5", "length > 3"]
    path.write_text("length>3\nlengthh>3\n")
    with pytest.raises(UsageError) as caught:
        read_gates(path)
    assert str(caught.value.place).endswith("gates.txt:2")
    with pytest.raises(UsageError, match="cannot be read"):
        read_gates(tmp_path / "none")
    path.write_text("\ufeffself_bleu<=0.5\r\n")
    assert [gate.text for gate in read_gates(path)] == ["self_bleu<=0.5"]
    for nothing in ("", "# later\n", "gates:\n"):
        path.write_text(nothing)
        with pytest.raises(UsageError, match="holds no gate"):
            read_gates(path)
