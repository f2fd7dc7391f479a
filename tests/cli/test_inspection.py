"""Looking at a run: status, show, why, validate, prompt, preview."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.cli.app import run
from datagen_cli.cli.status import _show, sum_calls
from tests.runs.whole import generate, rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with refused attempts."""
    path = tmp_path_factory.mktemp("looking") / "run"
    assert generate("quickstart", "-n", "16", "-o", path, "--set=model.faults={malformed: 0.3, refusal: 0}") == 0
    return path


def asked(capsys: pytest.CaptureFixture[str], *arguments: object) -> Any:
    capsys.readouterr()
    assert run([*map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_status_counts_what_the_files_hold(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(capsys, "status", folder)
    assert (found["state"], found["accepted"], found["simulated"]) == ("done", 16, True)
    assert sum(found["rejected"].values()) == len(rows(folder, "rejected.jsonl"))
    assert found["checks"]["length"]["after"] == {"pass": 16}
    assert run(["status", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "16 of 16" in said
    assert "simulated" in said


def test_status_of_a_killed_run_says_so(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run.json").write_text(
        json.dumps({**json.loads((folder / "run.json").read_text()), "state": "running"})
    )
    assert asked(capsys, "status", tmp_path)["state"] == "killed"
    assert run(["status", str(tmp_path)]) == 0
    assert "next: datagen generate" in capsys.readouterr().err


def test_calls_without_an_answer_are_counted_beside_others(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = json.loads((folder / "run.json").read_text())
    calls = sum_calls(state)
    state["spent"]["generator"]["generate"]["lost"] = 2
    _show(state)
    assert f"calls      {calls} in all and 2 without an answer, " in capsys.readouterr().out


def test_what_the_last_run_took_and_what_all_did_stand_apart(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = tmp_path / "run"
    shutil.copytree(folder, made)
    again = asked(
        capsys, "generate", "quickstart", "-n", 24, "-o", made, "--set=model.faults={malformed: 0.3, refusal: 0}"
    )
    first = asked(capsys, "status", folder)["all_runs"]
    now, whole = again["this_run"], again["all_runs"]
    assert asked(capsys, "status", made)["all_runs"] == whole and asked(capsys, "status", made)["this_run"] == now
    assert 0 < now["calls"] == again["calls"] and now["tokens"]["out"] > 0
    for what in ("calls", "cost_usd", "seconds"):
        assert whole[what] == pytest.approx(first[what] + now[what], abs=0.002)
    assert whole["tokens"] == {end: first["tokens"][end] + now["tokens"][end] for end in first["tokens"]}
    assert run(["status", str(made)]) == 0
    said = capsys.readouterr().out
    assert f"calls      {whole['calls']} in all, " in said and f"; the last run {now['calls']}, " in said
    assert run(["status", str(folder)]) == 0
    assert "the last run" not in capsys.readouterr().out
    nothing = asked(
        capsys, "generate", "quickstart", "-n", 24, "-o", made, "--set=model.faults={malformed: 0.3, refusal: 0}"
    )
    assert nothing["this_run"]["calls"] == 0 and nothing["all_runs"] == whole


def test_show_prints_rows_and_counts_by_any_column(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(capsys, "show", folder, "-n", "2")["rows"] == rows(folder)[:2]
    counted = asked(capsys, "show", folder, "--rejected", "--by", "reason")["counts"]
    assert counted["malformed"] >= 1
    assert sum(counted.values()) == len(rows(folder, "rejected.jsonl"))
    by_topic = asked(capsys, "show", folder, "--by", "topic")["counts"]
    assert sum(by_topic.values()) == len(rows(folder)) and "cooking" in by_topic
    assert asked(capsys, "show", folder, "--by", "length")["counts"] == {"pass": len(rows(folder))}
    assert run(["show", str(folder), "--by", "reasn"]) == 2
    assert "error: --by: there is no column 'reasn'" in capsys.readouterr().err


def test_why_tells_the_whole_history(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused = rows(folder, "rejected.jsonl")[0]["id"].partition(".")[0]
    found = asked(capsys, "why", folder, refused)
    assert found["plan"]["id"] == refused
    first, *_, last = found["attempts"].values()
    assert first["generate"]["rejection"]["reason"] == "malformed"
    assert first["generate"]["calls"][0]["messages"][0]["role"] == "system"
    assert first["generate"]["calls"][0]["reply"]
    assert list(last) == ["generate", "validate", "enhance", "dedup"]
    assert run(["why", str(folder), refused]) == 0
    said = capsys.readouterr().out
    assert "attempt 1" in said
    assert "attempt 2" in said
    assert "accepted" in said


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("zzz", "is not an id"),
        ("000999", "there is no record"),
        ("ffffff-000001", "belongs to another run"),
        ("000001.9", "no attempt 9"),
    ],
)
def test_why_of_something_else_says_what_ids_look_like(
    name: str, words: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["why", str(folder), name]) == 2
    assert words in capsys.readouterr().err


def test_validate_runs_the_constraints_over_the_base(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(capsys, "validate", "quickstart", "--set=constraints.length.min_words=30")
    length = found["constraints_on_base"]["length"]
    assert 0 < length["pass"] < length["rows"]
    assert found["hosts"] == []
    remote = asked(capsys, "validate", "tickets", "--model", "openai/gpt-4o-mini")
    assert remote["hosts"] == ["api.openai.com"]


def test_validate_says_which_label_values_have_no_meaning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    sets = [f"label.values.{name}=''" for name in ("login", "delivery")]
    assert run(["validate", "tickets", "--set", sets[0], "--set", sets[1]]) == 0
    assert "note: label.values: no meaning is written for login, delivery" in capsys.readouterr().err
    assert run(["validate", "tickets"]) == 0
    assert "no meaning" not in capsys.readouterr().err


def test_prompt_shows_exactly_what_a_run_sends(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = asked(capsys, "prompt", "quickstart", "-n", "3")["prompts"]
    assert [item["ids"][0][-6:] for item in shown] == ["000000", "000001", "000002"]
    sent = asked(capsys, "why", folder, shown[1]["ids"][0])["attempts"]["1"]["generate"]["calls"][0]["messages"]
    assert shown[1]["messages"] == sent


@pytest.mark.parametrize("command", ["validate", "prompt"])
def test_the_next_step_takes_over_what_was_said_about_the_recipe(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([command, "quickstart", "--set=constraints.length.min_words=30", "--seed", "3"]) == 0
    said = capsys.readouterr().err
    assert "next: datagen preview quickstart --seed 3 --set constraints.length.min_words=30\n" in said


def test_the_step_after_validate_reaches_the_same_host_with_the_same_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    recipe = tmp_path / "r.yaml"
    recipe.write_text(
        "version: 1\nname: r\ndescription: Notes.\nfields: {text: {type: text}}\n"
        "model: {name: tiny, base_url: 'https://foreign.example/v1', api_key_env: OPENAI_API_KEY}\n"
    )
    assert run(["validate", str(recipe), "-n", "7", "--allow-host", "foreign.example"]) == 0
    assert f"next: datagen preview {recipe} --set count=7 --allow-host foreign.example\n" in capsys.readouterr().err


def test_preview_shows_every_stage_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["preview", "quickstart", "-n", "2", "-o", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert said.count("  generate: ") == 2
    assert "question: " in said
    assert not (tmp_path / "dataset.jsonl").exists()


CONTRACT = """
version: 1
name: fresh-gsm8k
description: Grade-school math word problems with one numeric answer, two to eight steps of arithmetic.
base: {path: base.jsonl, limit: 500, on_bad_row: stop}
fields:
  question: question
  answer: {column: answer, regex: '####\\s*([-\\d,.]+)', type: number}
label: answer
model: offline
count: 4
seed: 7
examples: {strategy: clusters, k: 2}
attributes:
  topic: [money, travel, cooking]
  steps: {values: [2, 3, 4], weights: [2, 1, 1]}
  currency: {values: {usd: amounts in dollars, eur: amounts in euro}, when: {topic: [money]}}
constraints:
  - length: {field: question, min_words: 5, max_words: 90}
  - pattern: {field: answer, regex: '^-?\\d+(\\.\\d+)?$'}
  - language: {is: en}
  - ask: The problem has exactly one question.
validators:
  - code: {question: question, answer: answer, solutions: 3, on_fail: drop, on_unknown: drop}
  - reflect: {rounds: 2}
dedup: {near: 0.8, against: [accepted, base]}
embedder: hashed
sampling: {temperature: 0.9, top_p: 0.95}
limits: {concurrency: 32, max_cost: 5.0, attempts_per_record: 30}
"""


def test_the_example_of_the_contract_is_valid_and_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.yaml").write_text(CONTRACT)
    rows_of_base = [
        f'{{"question": "Ann has {n} apples and eats one. How many are left?", "answer": "{n} - 1 #### {n - 1}"}}'
        for n in range(2, 9)
    ]
    (tmp_path / "base.jsonl").write_text("\n".join(rows_of_base))
    found = asked(capsys, "validate", tmp_path / "x.yaml")
    assert found["asked_of_a_model"] == ["ask"]
    assert found["constraints_on_base"]["pattern"]["pass"] == 7
    assert generate(tmp_path / "x.yaml", "-o", tmp_path / "run") == 0
    assert len(rows(tmp_path / "run")) == 4


def test_validate_finds_a_mistake_in_a_template(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "my.j2").write_text("Write {{ n }} of {{ nothing_like_it }}")
    assert run(["validate", "tickets", f"--set=prompts.generate={tmp_path / 'my.j2'}"]) == 2
    said = capsys.readouterr().err
    assert "prompts.generate: 'nothing_like_it' is undefined" in said
    assert "templates see: n, dataset" in said


def test_output_that_cannot_be_written_is_a_usage_error() -> None:
    import subprocess
    import sys

    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "datagen_cli", "schema"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 2
    assert "error: cannot write the output: No space left" in done.stderr


def test_validate_tells_all_problems_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (
        "version: 1\nname: x\ndescription: d\nmodel: offline\ncount: 2\nfields: {a: {type: text}}\n"
        "constraints:\n  - length: {field: b, min_words: 3}\n  - pattern: {field: c, regex: x}\n"
        "  - length: {field: d, min_words: 3}\n  - pattern: {field: e, regex: x}\n"
    )
    (tmp_path / "x.yaml").write_text(text)
    assert run(["validate", str(tmp_path / "x.yaml")]) == 2
    said = capsys.readouterr().err
    assert said.count("error: ") == said.count("hint: ") == 4
    assert all(what in said for what in ("'b'", "'c'", "'d'", "'e'"))
    assert "more problem" not in said
    assert run(["generate", str(tmp_path / "x.yaml")]) == 2
    assert " (and 3 more problems)\n" in capsys.readouterr().err
    assert run(["validate", str(tmp_path / "x.yaml"), "--json"]) == 2
    found = json.loads(capsys.readouterr().out)
    assert (found["valid"], found["exit_code"], len(found["problems"])) == (False, 2, 4)
    assert all(problem["error"] and problem["hint"] for problem in found["problems"])


BROKEN = """
version: 1
name: broken
description: d
base: {path: base.jsonl}
fields: {question: {column: qq}, answer: {column: a}}
label: lab
models: {generator: opnai/gpt, solver: {name: openai/gpt-4o-mini, api_key_env: SECRET}}
count: 5
examples: {strategy: clustr}
attributes: {tone: {values: [a, b], when: {topic: [x]}}}
pin: [{zone: q}]
constraints:
  - length: {field: quesion, min_words: 9, max_word: 3}
  - pattern: {field: answer, regex: '('}
  - lenght: {field: question}
validators: [{classifier: {text: question, label: labl}}]
dedup: {near: 0.8, against: [accepted, none.jsonl, 'nix/*.jsonl', other.jsonl]}
prompts: {generate: none.j2}
"""


def test_validate_tells_options_names_files_columns_and_models_in_one_round(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "base.jsonl").write_text('{"q": "a b c", "a": "x"}\n')
    (tmp_path / "x.yaml").write_text(BROKEN)
    assert run(["validate", str(tmp_path / "x.yaml"), "--json"]) == 2
    told = [problem["error"] for problem in json.loads(capsys.readouterr().out)["problems"]]
    wanted = (
        "max_word: unknown", "label: no field 'lab'", "api_key_env: must be", "'clustr' is none of",
        "no attribute 'topic'",
        "no attribute 'zone'", "regex: broken", "lenght: unknown", "no column 'qq'", "no field 'quesion'",
        "no field 'labl'",
        "none.jsonl: there is no such", "other.jsonl: there is no such", "none.j2", "opnai/gpt: unknown",
    )  # fmt: skip
    assert [what for what in wanted if sum(what in one for one in told) != 1] == []
    assert len(told) == len(wanted)


@pytest.mark.parametrize(
    "broken",
    [
        "base: {pth: base.jsonl}",
        "attributes: {tone: {value: [a]}, place: {values: [x], when: {tone: [a]}}}",
        "pin: [{tone: a}]",
        "count: many",
        "dedup: {nearly: 0.8}",
        "difficulty: {share: 0.5, operators: [rephrase]}",
        "label: {field: answr}",
        "constraints: [{length: {field: question, max_word: 9}}]",
        "models: {solver: {name: x, tempreature: 1}}",
        "sampling: {temperature: hot}",
        "fields: {question: {type: txet}, answer: {type: text}}",
        "examples: {k: 0}",
        "write: [question]",
        "base: {path: none.jsonl}",
    ],
)
def test_validate_tells_no_problem_that_only_follows_from_another(
    broken: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = {
        "version": "1", "name": "x", "description": "d", "base": "{path: base.jsonl}", "model": "offline", "count": "2",
        "fields": "{question: {type: text}, answer: {type: label}}", "label": "answer",
        "constraints": "[{length: {field: question, max_words: 9}}]",
    }  # fmt: skip
    key, _, value = broken.partition(": ")
    (tmp_path / "base.jsonl").write_text('{"question": "a b c", "answer": "x"}\n')
    (tmp_path / "x.yaml").write_text("".join(f"{name}: {what}\n" for name, what in {**recipe, key: value}.items()))
    assert run(["validate", str(tmp_path / "x.yaml"), "--json"]) == 2
    assert len(json.loads(capsys.readouterr().out)["problems"]) == 1


def test_validate_tells_all_options_that_it_does_not_know(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "version: 1\nname: x\ndescription: d\nmodle: offline\ncuont: 2\nfields: {a: {type: txet}}\n"
    (tmp_path / "x.yaml").write_text(text)
    assert run(["validate", str(tmp_path / "x.yaml")]) == 2
    said = capsys.readouterr().err
    assert all(f": {where}: " in said for where in ("modle", "cuont", "fields.a.type"))
    assert all(hint in said for hint in ("did you mean model?", "did you mean count?"))


@pytest.mark.parametrize(
    ("setting", "words"),
    [("count=1000000000", "count"), ("limits.concurrency=1000000000", "concurrency"), ("count=10000000", "")],
)
def test_huge_numbers_are_refused_or_cost_nothing_to_look_at(
    setting: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.process_time()
    code = run(["prompt", "quickstart", "-n", "1", "--set", setting])
    assert code == (2 if words else 0)
    assert words in capsys.readouterr().err
    assert time.process_time() - began < 15  # ten million slots are not drawn one by one
