"""Checking again with draws that the run never used, against what the offline model planted."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.cli.app import run
from datagen_cli.core.errors import UsageError
from datagen_cli.evaluation.load import Wanted, load_dataset
from datagen_cli.evaluation.recheck import RecheckOptions, Reporter, recheck, stopped_with
from datagen_cli.llm import retry
from datagen_cli.metrics.measure import Measure
from tests.endpoint import Answer, Endpoint, refusal
from tests.evaluation.files import news, write
from tests.grids import mostly_slow
from tests.runs.whole import generate, rows

CODE = "validators=[{code: {question: question, answer: answer, solutions: 3, on_fail: keep, on_unknown: keep}}]"
QUIET = Reporter(lambda text: None, lambda text: None)


def made(folder: Path, *settings: str, count: int = 40) -> Path:
    """A run whose plants are wrong labels alone."""
    faults = "model.faults={wrong_label: 0.3, unsolvable: 0, wrong_program: 0.05, near_copy: 0, off_constraint: 0}"
    assert generate("quickstart", "-n", str(count), "-o", folder, f"--set={faults}", *settings) == 0
    return folder


def again(folder: Path, recipe: str | None = None, models: tuple[str, ...] = ()) -> Measure:
    loaded = load_dataset(str(folder), Wanted())
    return recheck(loaded.dataset, folder, RecheckOptions(recipe, models, None, {}), QUIET)


def _place(plant: dict[str, Any]) -> tuple[int, int]:
    return plant["slot"], plant["attempt"]


@pytest.mark.slow
def test_wrong_labels_that_the_run_kept_are_found_whatever_it_said_of_them(tmp_path: Path) -> None:
    folder = made(tmp_path / "run", f"--set={CODE}")
    found = again(folder)
    kept = {
        (line["slot"], line["attempt"])
        for line in rows(folder / "checkpoints", "6-dedup.jsonl")
        if "slot" in line and not line.get("rejection")
    }
    plants = rows(folder, "plants.jsonl")
    planted = {plant["slot"] for plant in plants if plant["fault"] == "wrong_label" and _place(plant) in kept}
    wrong = {int(item["id"].rpartition("-")[2]) for item in found.detail["rows"]}
    assert found.value is not None
    assert len(wrong & planted) >= 0.9 * len(planted)
    assert len(wrong - planted) <= 1
    assert found.detail["right"] + found.detail["wrong"] + found.detail["unknown"] == 40
    assert found.interval and found.interval[0] <= found.value <= found.interval[1]
    assert found.detail["simulated"] is True


@pytest.mark.slow
def test_the_draws_are_not_those_of_the_run(tmp_path: Path) -> None:
    check = CODE.replace("solutions: 3", "solutions: 1")
    faults = "--set=model.faults={wrong_program: 0.5, wrong_label: 0, unsolvable: 0}"
    folder = tmp_path / "run"
    assert generate("quickstart", "-n", "40", "-o", folder, f"--set={check}", faults) == 0
    said = {row["id"] for row in rows(folder) if row["verdicts"]["code"] == "fail"}
    found = {item["id"] for item in again(folder).detail["rows"]}
    assert len(said ^ found) >= 5


@pytest.mark.slow
def test_a_second_time_the_same_draws_give_the_same(tmp_path: Path) -> None:
    folder = made(tmp_path / "run", f"--set={CODE}", count=10)
    before = sorted(path.name for path in folder.iterdir())
    assert again(folder) == again(folder)
    assert sorted(path.name for path in folder.iterdir()) == before


def test_a_recipe_of_ones_own_checks_a_run_that_had_no_check(tmp_path: Path) -> None:
    folder = made(tmp_path / "run", count=10)
    with pytest.raises(UsageError, match="no check that finds an answer"):
        again(folder)
    recipe = tmp_path / "check.yaml"
    recipe.write_text(
        "version: 1\nname: c\ndescription: d\nmodel: offline\ncount: 1\n"
        "fields: {question: {type: text}, answer: {type: number}}\n"
        "validators: [{code: {question: question, answer: answer}}]\n"
    )
    assert again(folder, str(recipe)).detail["checks"].keys() == {"code"}


def test_without_a_recipe_there_is_nothing_to_check_with(tmp_path: Path) -> None:
    loaded = load_dataset(write(tmp_path / "a.jsonl", news(3)), Wanted())
    with pytest.raises(UsageError, match="needs a recipe"):
        recheck(loaded.dataset, None, RecheckOptions(None, (), None, {}), QUIET)


OFFLINE = "the checker is offline, a simulation: it cannot judge real rows; name a model with --model"
SUMS = [{"question": f"What is {n} + 1?", "answer": n + 1} for n in range(8)]


def adds(body: dict[str, Any], attempt: int) -> str:
    """A coder that can add."""
    found = re.search(r"(\d+) \+ (\d+)", body["messages"][-1]["content"])
    assert found
    return f"```python\nprint({found[1]} + {found[2]})\n```"


def sums_recipe(
    folder: Path,
    coder: str,
    fields: str = "{question: {type: text}, answer: {type: number}}",
    base: list[dict[str, Any]] | None = None,
    more: str = "",
) -> str:
    """A recipe that checks by one program; `coder` is the address of its model, or `offline`."""
    model = coder
    if coder != "offline":
        price = "{input_per_million: 1000, output_per_million: 1000}"
        model = f"{{name: hosted_vllm/tiny, base_url: '{coder}', price: {price}, max_tokens: 100}}"
    read = f"base: {{path: {write(folder / 'base.jsonl', base)}}}\n" if base else ""
    path = folder / "sums.yaml"
    path.write_text(
        f"version: 1\nname: sums\ndescription: d\ncount: 1\nmodels: {{generator: offline, coder: {model}}}\n{read}"
        f"fields: {fields}\nvalidators: [{{code: {{question: question, answer: answer, solutions: 1}}}}]\n{more}"
    )
    return str(path)


def of_file(path: str, recipe: str, max_cost: float | None = None, notes: list[str] | None = None) -> Measure:
    loaded = load_dataset(path, Wanted())
    told = Reporter(lambda text: None, (notes if notes is not None else []).append)
    return recheck(loaded.dataset, None, RecheckOptions(recipe, (), max_cost, {}), told)


def counts(found: Measure) -> tuple[int, int, int]:
    return found.detail["right"], found.detail["wrong"], found.detail["unknown"]


def test_a_file_without_the_columns_has_no_measure_and_pays_nothing(tmp_path: Path) -> None:
    with Endpoint(adds) as endpoint:
        recipe = sums_recipe(tmp_path, endpoint.url)
        found = of_file(write(tmp_path / "a.jsonl", news(3)), recipe)
        part = of_file(write(tmp_path / "b.jsonl", [{"question": "What is 1 + 1?"}]), recipe)
        assert endpoint.count == 0
    assert (found.value, found.detail) == (None, {})
    assert found.reason == "the dataset lacks the columns that the recheck needs: question, answer"
    assert part.reason == "the dataset lacks the columns that the recheck needs: answer"


def test_a_file_with_the_columns_of_the_base_is_read_through_the_recipes_mapping(tmp_path: Path) -> None:
    base = [{"q": row["question"], "a": f"we add\n#### {row['answer']}"} for row in SUMS]
    fields = "{question: q, answer: {column: a, regex: '#### (\\d+)', type: number}}"
    rows: list[dict[str, Any]] = [
        *base[:4],
        {"q": "What is 1 + 1?", "a": "#### 3"},
        {"q": "What is 1 + 1?", "a": "two"},
        {"q": "no"},
    ]
    with Endpoint(adds) as endpoint:
        recipe = sums_recipe(tmp_path, endpoint.url, fields, base)
        found = of_file(write(tmp_path / "a.jsonl", rows), recipe)
        assert counts(found) == (4, 1, 2)
        assert found.detail["unread"]["n"] == 2
        assert "does not match the regular expression" in found.detail["unread"]["first"]
        assert counts(of_file(write(tmp_path / "b.jsonl", SUMS), recipe)) == (8, 0, 0)
        lacking = of_file(write(tmp_path / "c.jsonl", news(2)), recipe)
        assert lacking.reason.endswith("needs: question, answer, nor those that the recipe reads them from: q, a")


def test_a_row_of_a_base_with_the_fields_own_names_is_read_by_what_the_recipe_takes_from_them(tmp_path: Path) -> None:
    base = [{"question": row["question"], "answer": f"7 or so\n#### {row['answer']}"} for row in SUMS]
    fields = "{question: question, answer: {column: answer, regex: '#### (\\d+)', type: text}}"
    with Endpoint(adds) as endpoint:
        recipe = sums_recipe(tmp_path, endpoint.url, fields, base)
        assert counts(of_file(write(tmp_path / "a.jsonl", base), recipe)) == (8, 0, 0)
        assert counts(of_file(write(tmp_path / "b.jsonl", SUMS), recipe)) == (8, 0, 0)


def test_what_is_no_answer_is_unknown_and_never_wrong(tmp_path: Path) -> None:
    answers: list[Any] = [2, "2", "$2", "2 eggs", None, "", "many", [2], True]
    rows = [{"question": "What is 1 + 1?", "answer": answer} for answer in answers]
    with Endpoint(adds) as endpoint:
        found = of_file(write(tmp_path / "a.jsonl", rows), sums_recipe(tmp_path, endpoint.url))
    assert counts(found) == (4, 0, 5)


def test_a_simulation_does_not_judge_real_rows(tmp_path: Path) -> None:
    recipe = sums_recipe(tmp_path, "offline")
    real = of_file(write(tmp_path / "a.jsonl", SUMS), recipe)
    assert (real.value, real.reason) == (None, OFFLINE)
    mixed = [{**row, "simulated": n > 0} for n, row in enumerate(SUMS)]
    assert of_file(write(tmp_path / "b.jsonl", mixed), recipe).reason == OFFLINE
    notes: list[str] = []
    found = of_file(write(tmp_path / "c.jsonl", [{**row, "simulated": True} for row in SUMS]), recipe, notes=notes)
    assert found.reason != OFFLINE
    assert found.detail["simulated"] is True
    assert notes == ["recheck: simulated: the offline model checks simulated rows"]


def test_a_real_checker_of_real_rows_is_no_simulation_and_says_what_it_cost(tmp_path: Path) -> None:
    with Endpoint(adds) as endpoint:
        found = of_file(write(tmp_path / "a.jsonl", SUMS), sums_recipe(tmp_path, endpoint.url))
    assert counts(found) == (8, 0, 0)
    assert (found.detail["simulated"], found.detail["calls"]) == (False, 8)
    assert found.detail["cost_usd"] == pytest.approx(8 * 15 * 0.001)
    assert not stopped_with(found)


def test_a_cap_leaves_what_was_checked_until_then(tmp_path: Path) -> None:
    notes: list[str] = []
    with Endpoint(adds) as endpoint:
        recipe = sums_recipe(tmp_path, endpoint.url, more="limits: {concurrency: 1}\n")
        path = write(tmp_path / "a.jsonl", SUMS)
        cap = 0.9
        found = of_file(path, recipe, cap, notes)
        none = of_file(path, recipe, 1e-6)
    assert stopped_with(found) == stopped_with(none) == 4
    assert found.value == 1
    assert 0 < found.detail["rechecked"] < 8 == found.detail["of"]
    assert counts(found) == (found.detail["rechecked"], 0, 0)
    assert found.signature.endswith(f"N={found.detail['rechecked']}")
    assert found.detail["stopped"].startswith("max_cost $0.9: ")
    assert 0 < found.detail["cost_usd"] <= cap
    assert len(notes) == 1 and "another recheck asks anew" in notes[0]
    assert (none.value, none.detail["rechecked"], none.detail["calls"]) == (None, 0, 0)
    assert none.reason.startswith("max_cost $1e-06: ")


def test_the_command_prints_what_was_measured_before_the_cap(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "a.jsonl", SUMS)
    with Endpoint(adds) as endpoint:
        recipe = sums_recipe(tmp_path, endpoint.url)
        wanted = ["--metrics", "length,correctness", "--recheck", "--recipe", recipe, "--max-cost", "0.000001"]
        assert run(["eval", path, *wanted, "--json"]) == 4
    captured = capsys.readouterr()
    metrics = json.loads(captured.out)["metrics"]
    assert metrics["length"]["value"] > 0
    assert metrics["correctness"]["reason"].startswith("max_cost $1e-06: ")
    assert "everything is kept" not in captured.err


@pytest.mark.parametrize(("good", "rows"), [(0, 3), (0, 8), (3, 8)])
@pytest.mark.parametrize("status", mostly_slow([401, 422, 503]))
def test_an_endpoint_that_refuses_or_is_gone_ends_it_with_what_was_checked_until_then(
    status: int, good: int, rows: int, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(retry, "FIRST_WAIT_S", 0.01)

    def script(body: dict[str, Any], attempt: int) -> str | Answer:
        return adds(body, attempt) if endpoint.count <= good else refusal(status, "not for you")

    with Endpoint(script) as endpoint:
        limits = "limits: {concurrency: 1, patience_s: 0.2}\n"
        recipe = sums_recipe(tmp_path, endpoint.url, more=limits)
        path = write(tmp_path / "a.jsonl", SUMS[:rows])
        code = run(["eval", path, "--metrics", "correctness", "--recheck", "--recipe", recipe, "--json"])
    said = json.loads(capsys.readouterr().out)
    if status == 422 and good:  # a prompt that is refused later on is that row's
        assert (code, said["metrics"]["correctness"]["detail"]["unknown"]) == (0, rows - good)
    elif good:
        detail = said["metrics"]["correctness"]["detail"]
        assert (code, detail["of"]) == (5, rows) and good <= detail["rechecked"] < rows
        assert "not for you" in detail["stopped"]
    else:
        assert code == 5 and "not for you" in said["error"] and said["hint"]


def test_nobody_is_asked_where_correctness_is_not_wanted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "a.jsonl", SUMS)
    with Endpoint(adds) as endpoint:
        wanted = ["--recheck", "--recipe", sums_recipe(tmp_path, endpoint.url), "--json"]
        assert run(["eval", path, "--metrics", "length", *wanted]) == 0
        assert endpoint.count == 0
        assert "--recheck does nothing: correctness is not among --metrics" in capsys.readouterr().err
        assert run(["eval", path, "--metrics", "length", "--gate", "correctness>=1", *wanted]) == 0
        assert endpoint.count == 8


def test_a_review_is_read_only_where_correctness_is_wanted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "run"
    assert generate("quickstart", "-n", "3", "-o", folder) == 0
    id_ = rows(folder)[0]["id"]
    (folder / "review.jsonl").write_text(f'broken\n{{"id": "{id_}", "decision": "keep"}}\n')
    capsys.readouterr()
    assert run(["eval", str(folder), "--metrics", "length", "--json"]) == 0
    assert "review.jsonl" not in capsys.readouterr().err
    assert run(["eval", str(folder), "--metrics", "correctness", "--json"]) == 0
    captured = capsys.readouterr()
    assert "review.jsonl: line 1 cannot be read and is left out" in captured.err
    assert json.loads(captured.out)["metrics"]["correctness"]["detail"]["right"] == 1


@pytest.mark.parametrize(
    ("arguments", "asks"),
    mostly_slow(
        [
            ((), False),
            (("--model", "hosted_vllm/mine"), False),
            (("--model", "coder=offline"), True),
            (("--trust-lock",), True),
        ]
    ),
)
def test_a_foreign_lock_says_whom_to_ask_only_when_it_is_trusted(
    arguments: tuple[str, ...], asks: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = made(tmp_path / "run", f"--set={CODE}", count=3)
    with Endpoint(lambda body, attempt: "```python\nprint(1)\n```") as endpoint:
        lock = folder / "recipe.lock.yaml"
        lock.write_text(
            lock.read_text()
            + f"models:\n  coder: {{name: hosted_vllm/m, base_url: '{endpoint.url}', api_key_env: A_KEY}}\n"
        )
        code = run(["eval", str(folder), "--recheck", "--metrics", "correctness", *arguments])
        asked = endpoint.count
    said = capsys.readouterr().err
    assert code == (0 if asks else 2), said
    assert (asked > 0) is (arguments == ("--trust-lock",))
    if not asks:
        assert (
            f"the folder's lock names the coder: hosted_vllm/m at 127.0.0.1:{endpoint.port}; nothing was sent" in said
        )
        assert "--trust-lock" in said
    elif asked:
        assert said.index(f"recheck: calls go to 127.0.0.1:{endpoint.port}") >= 0


def test_a_dry_run_sends_nothing_and_brackets_what_a_recheck_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write(tmp_path / "a.jsonl", [*SUMS, {"question": "What is 1 + 1?", "answer": None}])
    with Endpoint(adds) as endpoint:
        asked = ["eval", data, "--recheck", "--recipe", sums_recipe(tmp_path, endpoint.url), "--max-cost", "3"]
        assert run([*asked, "--dry-run", "--json"]) == 0
        told = capsys.readouterr()
        found = json.loads(told.out)["recheck"]
        assert endpoint.count == 0
        assert (found["checks"], found["rows"], found["hosts"]) == (["code"], 8, [f"127.0.0.1:{endpoint.port}"])
        assert found["calls"]["low"] <= 8 <= found["calls"]["high"]
        assert 0 < found["cost_usd"]["low"] < found["cost_usd"]["high"]
        assert told.err.endswith(f"next: {shlex.join(['datagen', *asked])}\n")
        assert run([*asked, "--dry-run"]) == 0
        assert f"127.0.0.1:{endpoint.port}" in capsys.readouterr().out
    assert run(["eval", data, "--dry-run"]) == 0
    assert capsys.readouterr().out == "nothing would be sent: no model is asked without --recheck\n"
    assert run(["eval", data, "--dry-run", "--recheck"]) == 2
