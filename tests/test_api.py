"""The Python door: the same runs and measures as the command line's, typed, also where an event loop runs."""

from __future__ import annotations

import asyncio
import json
import pickle
import subprocess
import sys
import tempfile
import traceback
from concurrent.futures import Future
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, assert_type

import numpy as np
import pytest

import datagen_cli as datagen
from datagen_cli import api
from datagen_cli.cli.app import run as command
from datagen_cli.config.recipe import Recipe
from datagen_cli.core import registry
from datagen_cli.core.errors import CapReached, DatagenError, RecipeError, UsageError
from datagen_cli.metrics import called
from datagen_cli.pipeline.engines.local import LocalEngine
from tests.endpoint import Answer, Endpoint
from tests.runs.whole import outcome

RECIPE = """
version: 1
name: notes
description: Short notes.
fields: {text: {type: text}}
model: {name: m, base_url: "%s", price: {input_per_million: 1000, output_per_million: 1000}, max_tokens: 10}
count: 20
limits: {concurrency: 2}
"""


def test_a_run_from_python_is_the_run_of_the_command_line(tmp_path: Path) -> None:
    events: list[str] = []
    recipe = api.load_recipe("quickstart", count=12, set={"examples.k": 2, "sampling.temperature": 0.5})
    assert (recipe.options.count, recipe.options.sampling.temperature) == (12, 0.5)
    found = api.generate(recipe, tmp_path / "a", concurrency=3, on_event=lambda kind, facts: events.append(kind))
    assert (len(found), found.state, found.error) == (12, "done", None)
    sets = ["--set", "examples.k=2", "--set", "sampling.temperature=0.5"]
    assert command(["generate", "quickstart", "-n", "12", *sets, "--quiet", "-o", str(tmp_path / "b")]) == 0
    assert outcome(tmp_path / "a") == outcome(tmp_path / "b")
    assert [row["id"] for row in found] == [row["id"] for row in found.to_list()]
    assert list(found.to_pandas()["id"]) == [row["id"] for row in found]
    assert events.count("accepted") == 12
    assert found.report["accepted"] == 12 and "12 records" in repr(found)
    assert {row["reason"] for row in found.rejected()} <= set(found.report["rejected"])
    again = api.generate(recipe, tmp_path / "a")
    assert again.report["new_records"] == 0 and len(api.Run(tmp_path / "a")) == 12


def test_measures_of_runs_files_and_rows_are_those_of_eval(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = api.generate("quickstart", tmp_path / "a", environ={})
    report = api.evaluate(found, metrics=["self_bleu", "leakage", "length"])
    assert command(["eval", str(tmp_path / "a"), "--metrics", "self_bleu,leakage,length", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert report.to_dict()["metrics"] == told["metrics"] and list(report) == list(told["metrics"])
    assert report["self_bleu"].value == told["metrics"]["self_bleu"]["value"]
    assert report["leakage"].reason == ""  # against the run's own base
    texts = [row["question"] for row in found]
    assert api.evaluate(found.to_list(), text="question", metrics=["self_bleu"])["self_bleu"].value == pytest.approx(
        api.self_bleu(texts)
    )
    against = api.evaluate(found.to_list(), text="question", reference=[{"question": texts[0]}], metrics=["leakage"])
    assert against["leakage"].value == pytest.approx(1 / len(texts))
    assert set(report.readings) == {name for name, measure in report.items() if measure.value is not None}
    assert report.to_html().startswith("<!doctype html>")


def test_measures_are_functions() -> None:
    texts = ["the cat sat on the mat", "the cat sat on the rug", "a dog ran over the hill"]
    assert 0 < datagen.self_bleu(texts) < 1
    assert api.distinct_n(texts) == pytest.approx(api.distinct_n(texts, n=2))
    vectors = api.embed(texts, "hashed")
    assert vectors.shape[0] == 3 and 1 <= api.vendi(vectors) <= 3.001
    for name in ("nonsense", "os_path", "verified"):
        with pytest.raises(AttributeError, match=name):
            getattr(datagen, name)


async def test_it_runs_where_an_event_loop_runs(tmp_path: Path) -> None:
    assert len(api.generate("quickstart", tmp_path / "a", environ={})) == 24
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    ticking = asyncio.create_task(tick())
    found = await api.generate_async("quickstart", tmp_path / "b", environ={})
    ticking.cancel()
    assert len(found) == 24 and ticks > 3
    assert outcome(tmp_path / "a") == outcome(tmp_path / "b")


async def test_a_cancelled_run_keeps_everything_and_resumes(tmp_path: Path) -> None:
    def script(body: dict[str, Any], attempt: int) -> Answer:
        return Answer(f"A note of number {body['seed']}.", held=go if endpoint.count > 6 else None)

    go: Future[None] = Future()

    with Endpoint(script) as endpoint:
        (tmp_path / "r.yaml").write_text(RECIPE % endpoint.url)
        task = asyncio.create_task(api.generate_async(tmp_path / "r.yaml", tmp_path / "run"))
        while endpoint.in_flight < 2 or endpoint.count < 8:
            await asyncio.sleep(0.01)
        task.cancel()
        go.set_result(None)
        with pytest.raises(asyncio.CancelledError):
            await task
        assert 4 <= len(api.Run(tmp_path / "run")) < 20
        found = await api.generate_async(tmp_path / "r.yaml", tmp_path / "run")
        assert len(found) == 20 and len(endpoint.requests) == 20


def test_what_stops_a_run_is_raised_and_nothing_is_lost(tmp_path: Path) -> None:
    with Endpoint(lambda body, attempt: f"A note of number {body['seed']}.") as endpoint:
        (tmp_path / "r.yaml").write_text(RECIPE % endpoint.url)
        recipe = api.load_recipe(tmp_path / "r.yaml")
        with pytest.raises(CapReached):
            api.generate(recipe, tmp_path / "run", max_cost=0.6)
        kept = len(api.Run(tmp_path / "run"))
        stopped = api.generate(recipe, tmp_path / "run", max_cost=0.6, check=False)
        assert 0 < kept <= len(stopped) < 20 and isinstance(stopped.error, CapReached)
        assert len(api.generate(recipe, tmp_path / "run", max_cost=60)) == 20
        assert len(endpoint.requests) == 20


def test_errors_are_ours(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="coutn"):
        api.load_recipe("quickstart", set={"coutn": 3})
    with pytest.raises(UsageError, match="self_blue"):
        api.evaluate([{"text": "a b"}], metrics=["self_blue"])
    for name in ("max_cost", "max_minutes", "concurrency"):
        with pytest.raises(UsageError, match=f"{name}: input should be greater"):
            api.generate("quickstart", tmp_path / "run", **{name: -1})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="'max_costs'"):
        api.generate("quickstart", tmp_path / "run", max_costs=1)  # type: ignore[call-arg]
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("call", "said", "hint"),
    [
        (lambda: api.load_recipe("quickstart", count=0), "count: must be at least 1, found 0", "datagen schema"),
        (lambda: api.load_recipe("quickstart", model="gone.yaml"), "model: no such model file: gone.yaml", ""),
        (lambda: api.load_recipe("quickstart", model=""), "model: expected the name of", 'such as `model="offline"`'),
        (lambda: api.load_recipe("quickstart", set={"a.b": 1}), 'set={"a.b": …}: ', ""),
        (lambda: api.evaluate([{"text": "a"}], metrics="self"), "metrics: there is no measure 'self'", ""),
        (lambda: api.evaluate([{"text": "a"}], text="b"), "data: text: no row has a column 'b'", ""),
        (lambda: api.generate("quickstart", "/proc/x"), "/proc/x: cannot write", "choose another folder"),
        (
            lambda: api.generate("quickstart", "r", max_total_tokens=100),
            "max_total_tokens 100: 0 used",
            "raise it with max_total_tokens= and make the same call again",
        ),
    ],
)
def test_errors_speak_of_arguments_where_python_gave_them(
    call: Any, said: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DatagenError) as caught:
        call()
    assert said in str(caught.value) and hint in caught.value.advice
    assert "--" not in f"{caught.value} {caught.value.advice}"
    assert hint in "".join(traceback.format_exception(caught.value)).splitlines()[-1]


def test_records_have_places_and_a_model_may_be_a_mapping(tmp_path: Path) -> None:
    recipe = api.load_recipe("tickets", count=4, model={"name": "offline", "faults": "none"})
    found = api.generate(recipe, tmp_path / "run")
    rows = found.to_list()
    assert (found[0], found[-1], found[1:3]) == (rows[0], rows[-1], rows[1:3])
    with pytest.raises(IndexError):
        found[4]
    with pytest.raises(TypeError, match="has a place"):
        found["id"]  # type: ignore[index]
    with pytest.raises(TypeError, match="'count'; load_recipe takes it"):
        api.generate("tickets", tmp_path / "b", count=3)  # type: ignore[call-arg]


def test_the_engine_is_the_command_line_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError) as caught:
        api.generate("quickstart", tmp_path / "a", engine="rai")
    assert caught.value.hint == "did you mean ray?"
    with pytest.raises(UsageError, match='goes with engine="ray"'):
        api.generate("quickstart", tmp_path / "a", ray_address="auto")
    assert not (tmp_path / "a").exists()
    opened: list[tuple[str, str | None]] = []

    def stand_in(recipe: Any, options: Any, on_signal: Any) -> LocalEngine:
        opened.append((options.engine, options.ray_address))
        return LocalEngine(on_signal)

    monkeypatch.setattr("datagen_cli.pipeline.session.open_engine", stand_in)
    monkeypatch.setattr("datagen_cli.pipeline.connect.load", lambda kind, name: LocalEngine)
    run = api.generate("quickstart", tmp_path / "a", engine="ray", ray_address="10.0.0.5:6379", max_total_tokens=10**9)
    assert opened == [("ray", "10.0.0.5:6379")]
    assert "--engine ray --ray-address 10.0.0.5:6379" in run.report["resume_command"]


def test_the_command_that_goes_on_can_be_pasted(tmp_path: Path) -> None:
    recipe = api.load_recipe("quickstart", environ={})
    command = f"datagen generate quickstart -o {tmp_path}/run"
    assert api.generate(recipe, tmp_path / "run").report["resume_command"] == command
    assert api.generate("quickstart", tmp_path / "run", environ={}).report["resume_command"] == command


def test_the_package_is_light_until_something_is_used() -> None:
    code = "import sys, datagen_cli; from datagen_cli import catalog; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"pydantic", "numpy", "datagen_cli.api"} & set(loaded)


@pytest.mark.parametrize("odd", ["one text", None, 5, ["a b", None], [1, 2]], ids=repr)
def test_what_is_no_list_of_texts_is_told(odd: Any) -> None:
    for name in ("self_bleu", "distinct_n", "ingf", "repetition", "compression_ratio", "entity_entropy", "embed"):
        with pytest.raises(UsageError, match=r"is no (list of texts|text)"):
            getattr(api, name)(odd)
    with pytest.raises(UsageError, match="no vectors"):
        api.vendi(odd)


def test_measures_take_any_iterable_of_texts_and_are_proposed_by_a_notebook() -> None:
    texts = ["a b c d e", "a b c d f"]
    assert datagen.self_bleu(iter(texts)) == datagen.self_bleu(texts)
    assert {"generate", "evaluate", "load_recipe", "Run", "self_bleu", "vendi", "embed"} <= set(dir(datagen))
    with pytest.raises(UsageError, match="n: 0 is no number"):
        api.self_bleu(texts, n=0)


def test_a_table_is_measured_as_its_rows_are_and_odd_data_is_told() -> None:
    pandas = pytest.importorskip("pandas")
    rows = [{"text": "a b c"}, {"text": "d e f g"}]
    found = api.evaluate(pandas.DataFrame(rows, index=[7, 7]), metrics="length")
    assert found["length"].value == api.evaluate(rows, metrics=["length"])["length"].value == 3.5
    assert repr(found) == "Report(length 3.5)"
    odd: Any
    for odd in (None, ["a text"], pandas.DataFrame([["a", "b"]], columns=["x", "x"])):
        with pytest.raises(UsageError):
            api.evaluate(odd, metrics="length")


def test_a_type_checker_knows_what_the_package_has(tmp_path: Path) -> None:
    recipe = assert_type(datagen.load_recipe("quickstart", count=4), Recipe)
    run = assert_type(datagen.generate(recipe, tmp_path, environ={}), datagen.Run)
    assert_type(datagen.evaluate(run, metrics="length"), datagen.Report)  # mypy reads these, and the tests with it


def test_rows_hold_what_notebooks_have_in_them() -> None:
    rows: list[dict[str, Any]] = [
        {"text": np.str_("a b c"), "label": np.int64(1), "on": date(2026, 1, 2), "score": float("nan")},
        {"text": "d e", "label": np.int64(2), "on": None, "score": Decimal("0.5"), "tags": {"x"}, "v": np.ones(2)},
        {"text": float("nan"), "label": float("nan"), "flag": np.bool_(True)},
    ]
    found = api.evaluate(rows, text="text", metrics="length,balance")
    assert found["length"].value == pytest.approx(5 / 3) and found["balance"].value == 1.0
    assert found["balance"].detail["labels"] == {"1": 1, "2": 1}
    with pytest.raises(UsageError, match="row 1: label: <object") as caught:
        api.evaluate([{"label": 1}, {"label": object()}], metrics="length")
    assert "str()" in caught.value.hint


def test_what_is_said_of_rows_in_memory_names_no_file() -> None:
    rows = [{"body": f"some words {n}", "kind": "abc"[n % 3]} for n in range(30)]
    report = api.evaluate(rows, reference=[{"body": "other words", "n": n} for n in range(9)], metrics=["length"])
    told = report.to_dict()
    assert (told["dataset"], told["reference"]) == ("data", "reference")
    told_of_none = api.evaluate([{"n": 1}, {"n": 2}], metrics=["length"]).notes
    assert told_of_none == ["data: no column of texts was found (it has: n); text= names one"]
    assert tempfile.gettempdir() not in report.to_html() + json.dumps(told) + " ".join(report.notes)


def test_missing_cells_of_pandas_are_none_in_rows_of_its_own() -> None:
    pandas = pytest.importorskip("pandas")
    rows = [{"text": "a b", "label": pandas.NA}, {"text": pandas.NaT, "label": "x"}, {"text": "c", "label": "y"}]
    found = api.evaluate(rows, text="text", metrics="length,balance")
    assert found["length"].value == 1.0 and found["balance"].detail["labels"] == {"x": 1, "y": 1}


@pytest.mark.parametrize("embedder", ["hashed", None])
def test_a_report_goes_to_another_process_and_is_whole_there(embedder: str | None) -> None:
    rows = [{"text": "a red kite over the bay"}, {"text": "two boats in the bay"}]
    found = api.evaluate(rows, metrics="length,aps" if embedder else "length", embedder=embedder)
    there = pickle.loads(pickle.dumps(found))
    assert there.to_dict() == found.to_dict() and dict(there) == dict(found)


def test_a_measure_that_was_not_taken_is_told_with_those_that_were() -> None:
    found = api.evaluate([{"text": "a b"}, {"text": "c d"}], metrics="length,ingf")
    with pytest.raises(KeyError, match="mauve was not measured; there are ingf, length"):
        found["mauve"]
    assert found.get("mauve") is None and "mauve" not in found


def test_a_measure_of_another_package_that_cannot_be_imported_takes_no_other_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = {**registry.targets("metrics"), "gone": "no_such_package.metrics:Gone"}
    monkeypatch.setattr(called, "targets", lambda kind: known)
    assert "self_bleu" in dir(datagen) and "gone" not in dir(datagen)
    assert not hasattr(datagen, "nothing") and api.distinct_n(["a b c d"], n=np.int64(2)) == 1.0
