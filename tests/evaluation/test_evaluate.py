"""The measures together: shapes of the contract, reasons, equal sizes, what is given and what is chosen."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.core.errors import UsageError
from datagen_cli.core.json_text import json_value
from datagen_cli.core.registry import names
from datagen_cli.evaluation import evaluate as module
from datagen_cli.evaluation.document import cut, document, entry
from datagen_cli.evaluation.evaluate import Evaluation, choose, evaluate, metric
from datagen_cli.evaluation.load import Wanted, load_dataset, load_reference
from datagen_cli.evaluation.reading import reading
from datagen_cli.metrics.dataset import Dataset
from datagen_cli.metrics.features import Features
from datagen_cli.metrics.measure import Measure
from datagen_cli.metrics.wording import percent
from datagen_cli.text.embed import open_embedder
from tests.evaluation.files import news, write
from tests.grids import mostly_slow


def evaluated(name: str, reference: str | None = None, metrics: str | None = None) -> Evaluation:
    ours = load_dataset(name, Wanted())
    theirs = None if reference is None else load_reference(reference, ours.dataset, Wanted())
    embedder = open_embedder("hashed", None)
    return evaluate(ours, theirs, choose(metrics), embedder=embedder, given={}, say=lambda text: None)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    folder = tmp_path_factory.mktemp("whole")
    return evaluated(write(folder / "a.jsonl", news(120)), write(folder / "b.jsonl", news(300, 1)))


def test_every_measure_of_the_catalog_is_there_with_a_value_or_a_reason(whole: Evaluation) -> None:
    assert list(whole.measures) == names("metrics")
    missing = {name for name, found in whole.measures.items() if found.value is None}
    assert missing <= {"verified", "constraints", "correctness", "entity_entropy", "entity_overlap"}
    assert all(found.reason for found in whole.measures.values() if found.value is None)


def test_every_interval_holds_its_value(whole: Evaluation) -> None:
    for name, found in [*whole.measures.items(), *whole.reference_measures.items()]:
        if found.interval is not None:
            assert found.value is not None
            assert found.interval[0] <= found.value <= found.interval[1], name


def test_the_reference_is_measured_at_equal_size(whole: Evaluation) -> None:
    assert all(metric(name).one_sided for name in whole.reference_measures)
    assert whole.reference_n == 120
    assert whole.reference_measures["self_bleu"].signature == whole.measures["self_bleu"].signature


def test_the_document_has_the_shape_of_the_contract(whole: Evaluation) -> None:
    found = json.loads(json.dumps(document(whole, [], shown=20), allow_nan=False))
    assert list(found)[:9] == [
        "dataset", "n", "text_fields", "label_field", "reference", "simulated", "metrics", "reference_metrics", "gates",
    ]  # fmt: skip
    assert (found["n"], found["text_fields"], found["label_field"]) == (120, ["text"], "label")
    assert list(found["metrics"]["self_bleu"]) == [
        "value", "no_interval", "bound", "direction", "signature", "detail",
    ]  # fmt: skip
    assert found["metrics"]["verified"] == {"value": None, "reason": "not a run folder: no verdicts are stored"}
    assert found["metrics"]["correctness"]["reason"] == "no --gold, --recheck or review"


def test_long_lists_are_cut_and_say_how_long_they_were() -> None:
    measure = Measure(1.0, "lower", "s", None, {"pairs": list(range(50)), "few": [1], "inner": {"x": list(range(30))}})
    detail = entry(measure)["detail"]
    assert (len(detail["pairs"]), detail["total"], detail["few"]) == (20, 50, [1])
    assert (len(detail["inner"]["x"]), detail["inner"]["total"]) == (20, 30)
    assert len(entry(measure, None)["detail"]["pairs"]) == 50
    assert cut({"a": [1, 2], "b": [3, 4], "total": 9}, 1) == {
        "a": [1],
        "b": [3],
        "total": 9,
        "a_total": 2,
        "b_total": 2,
    }


def test_only_json_values_are_written() -> None:
    import numpy as np

    assert json_value({1: (np.float32(0.5), float("nan"), {3}, None, True)}) == {"1": [0.5, None, [3], None, True]}


@pytest.mark.parametrize(
    "rows", [[], [{"a": 1}], [{"text": "one"}], [{"text": "same", "label": "x"}] * 30, [{"text": ""}] * 9]
)
@pytest.mark.parametrize(
    "reference", mostly_slow([None, [], [{"q": "a", "w": "b"}], [{"text": "words here", "label": "x"}] * 40], 0, 3)
)
def test_odd_data_gives_values_or_reasons_and_never_an_error(
    rows: list[dict[str, Any]], reference: list[dict[str, Any]] | None, tmp_path: Path
) -> None:
    other = None if reference is None else write(tmp_path / "b.jsonl", reference)
    found = evaluated(write(tmp_path / "a.jsonl", rows), other)
    for name, measure in found.measures.items():
        assert (measure.value is None) == bool(measure.reason), name
        if measure.interval is not None and measure.value is not None:
            assert measure.interval[0] <= measure.value <= measure.interval[1], name
    json.dumps(document(found, []), allow_nan=False)


def test_a_reference_of_another_shape_leaves_the_other_measures(tmp_path: Path) -> None:
    other = write(tmp_path / "b.jsonl", [{"q": "a b", "w": "c d"}])
    found = evaluated(write(tmp_path / "a.jsonl", news(30)), other, "self_bleu,leakage,mauve,student")
    assert found.measures["self_bleu"].value is not None
    assert all("--reference-text" in found.measures[name].reason for name in ("leakage", "mauve", "student"))


def test_what_is_given_is_not_measured(tmp_path: Path) -> None:
    ours = load_dataset(write(tmp_path / "a.jsonl", news(5)), Wanted())
    given = {"correctness": Measure(0.5, "higher", "gold")}
    found = evaluate(ours, None, ["correctness"], embedder=None, given=given, say=lambda text: None)
    assert found.measures["correctness"].value == 0.5


def test_measures_are_chosen_by_name_and_gates_add_theirs() -> None:
    assert choose("vendi, self_bleu", ["length"]) == ["self_bleu", "vendi", "length"]
    with pytest.raises(UsageError, match="no measure 'selfbleu'") as caught:
        choose("selfbleu")
    assert caught.value.advice == "did you mean self_bleu?"


@pytest.mark.slow
def test_above_a_size_only_a_sample_is_embedded_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_EMBEDDED", 40)
    name = write(tmp_path / "a.jsonl", news(100))
    found = evaluated(name, name, "self_bleu,vendi,leakage")
    assert "sampled=40 of 100" in found.measures["vendi"].signature
    assert "sampled" not in found.measures["self_bleu"].signature
    assert found.measures["leakage"].value == 1


def test_readings_are_words() -> None:
    found, other = Measure(0.6, "lower", "s", (0.55, 0.65)), Measure(0.3, "lower", "s", (0.25, 0.35))
    assert reading("self_bleu", found, other) == "texts share many phrases; worse than the reference (0.3)"
    assert reading("self_bleu", found, found).endswith("like the reference (0.6)")
    near = Measure(0.377, "lower", "s", (0.1, 0.5)), Measure(0.124, "lower", "s", (0.05, 0.2))
    assert reading("self_bleu", *near).endswith("within chance of the reference (0.124)")
    shares = Measure(0.0, "lower", "s", (0.0, 0.01)), Measure(0.27, "lower", "s", (0.2, 0.3))
    assert reading("near_duplicates", *shares).endswith("better than the reference (27 %)")
    same = {"reason": "the check passed all of them"}
    checked = Measure(0.9, "higher", "s", detail={"right": 9, "wrong": 1, "agreement": {"ask": same, "solve": same}})
    assert reading("correctness", checked).endswith("(kappa): ask, solve – (the check passed all of them)")
    assert [percent(share) for share in (0, 0.0004, 0.012, 0.5)] == ["0 %", "under 0.1 %", "1.2 %", "50 %"]


@pytest.mark.slow
@pytest.mark.samples
def test_a_real_dataset_against_itself_leaks_wholly_and_is_mauve_one(
    sample: Callable[[str], Path], tmp_path: Path
) -> None:
    rows = [json.loads(line) for line in sample("ag_news/test.jsonl").open()][:300]
    name = write(tmp_path / "a.jsonl", rows)
    found = evaluated(name, name, "leakage,mauve")
    assert found.measures["leakage"].value == 1
    assert (found.measures["mauve"].value or 0) > 0.95


@pytest.mark.parametrize(
    "name", mostly_slow(["aps", "vendi", "remote_clique", "self_bleu", "length", "near_duplicates"], 0, 1)
)
def test_equal_texts_have_no_interval_of_rounding(name: str) -> None:
    same = Features(Dataset("same", [{"text": "yes"}] * 50, ["text"]), embedder=open_embedder("hashed", None))
    found = module.measure(name, same, None)
    assert found.value is not None
    assert found.interval is None and found.no_interval
