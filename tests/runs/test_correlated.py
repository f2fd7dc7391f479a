"""Correlated runs: groups as units, refills with peers, growth, kills, provenance, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.cli.app import run
from datagen_cli.evaluation.load import Wanted, load_dataset
from datagen_cli.llm import retry
from datagen_cli.llm.faults import TransportError
from datagen_cli.pipeline import runner
from datagen_cli.runs.checkpoint import Checkpoint
from tests.llm.local.tiny import save_model
from tests.runs.correlated import text_of, use_fake, write_recipe
from tests.runs.whole import after, generate, killed, outcome, report, rows

ROOT = Path(__file__).resolve().parents[2]


def everything(folder: Path) -> dict[str, bytes]:
    return {**outcome(folder), "lineage.jsonl": (folder / "lineage.jsonl").read_bytes()}


def in_place(key: str, answer: dict[str, Any]) -> Any:
    """A script that gives this answer to the row of a key, and a text to every other."""

    def script(payload: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
        return answer if row["key"] == key else text_of(payload, row)

    return script


def test_a_batch_of_whole_groups_is_one_call_in_which_every_label_stands_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = use_fake(monkeypatch)
    assert generate(write_recipe(tmp_path), "-o", tmp_path / "run", "-n", "54") == 0
    assert [len(payload["group"]["rows"]) for payload in fake.asked] == [6, 6, 12, 24, 30]
    payload = fake.asked[-1]
    assert payload["messages"] == []
    group = payload["group"]
    assert {name: group[name] for name in ("variant", "contrast", "gamma", "plausibility")} == {
        "variant": "cross", "contrast": 0.3, "gamma": 1.0, "plausibility": 0.01
    }  # fmt: skip
    assert [row["group"] for row in group["rows"]] == [number // 6 for number in range(30)]
    for number in range(5):
        labels = Counter(row["label"] for row in group["rows"] if row["group"] == number)
        assert labels == {"red": 2, "green": 2, "blue": 2}
    dataset = rows(tmp_path / "run")
    asked = [row["label"] for payload in fake.asked for row in payload["group"]["rows"]]
    assert [row["label"] for row in dataset] == asked[:54]
    assert all(len(row["text"].split()) == 10 for row in dataset)


def test_every_row_is_shown_its_own_draw_of_texts_of_its_label(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = use_fake(monkeypatch)
    generate(write_recipe(tmp_path, "examples: {strategy: random, k: 4}"), "-o", tmp_path / "run", "-n", "30")
    seen: dict[str, set[str]] = {}
    for row in chain.from_iterable(payload["group"]["rows"] for payload in fake.asked):
        *shown, last = [part for part in row["prompt"]["text"].split("\n\n") if part.startswith(f"{row['label']}:")]
        assert (len(shown), last) == (4, f"{row['label']}:")
        assert all(text.startswith(f"{row['label']}: {row['label']} story") for text in shown)
        seen.setdefault(row["label"], set()).add(row["prompt"]["text"])
    assert all(len(prompts) >= 9 for prompts in seen.values())


def test_each_record_says_with_whom_it_was_sampled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_fake(monkeypatch)
    recipe = write_recipe(tmp_path, variant="hybrid", intra_share=0.25)
    generate(recipe, "-o", tmp_path / "run", "--set", "sampling.top_p=0.9")
    lineage = rows(tmp_path / "run", "lineage.jsonl")
    assert [line["id"] for line in lineage] == [row["id"] for row in rows(tmp_path / "run")]
    assert {name: lineage[7][name] for name in lineage[7] if name != "id"} == {
        "group": "000006.1", "row": 1, "label": lineage[7]["label"], "variant": "hybrid", "contrast": 0.3,
        "plausibility": 0.01, "intra_share": 0.25, "gamma": 1.0, "top_p": 0.9, "steps": 10, "finish": "stop",
        "batch_rows": 6, "forward_rows": 60,
    }  # fmt: skip
    assert not any("group" in row for row in rows(tmp_path / "run"))
    loaded = load_dataset(str(tmp_path / "run"), Wanted())
    assert loaded.dataset.groups == ("000000.1",) * 6 + ("000006.1",) * 6


def test_a_larger_count_keeps_what_there_is_and_pays_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = use_fake(monkeypatch)
    recipe = write_recipe(tmp_path)
    first = report(capsys, recipe, "-o", tmp_path / "run")
    assert (first["calls"], first["rejected"], first["surplus"]) == (2, {}, 0)
    before = rows(tmp_path / "run")
    more = report(capsys, recipe, "-o", tmp_path / "run", "-n", "23", "--cache", "off")
    assert (more["calls"], more["new_records"], more["surplus"]) == (1, 11, 1)
    most = report(capsys, recipe, "-o", tmp_path / "run", "-n", "31", "--cache", "off")
    assert (most["calls"], most["new_records"], most["surplus"]) == (1, 8, 17)
    assert rows(tmp_path / "run")[:12] == before
    assert len(rows(tmp_path / "run", "lineage.jsonl")) == 31
    again = report(capsys, recipe, "-o", tmp_path / "run", "-n", "31")
    assert (again["new_records"], again["exit_code"], len(fake.asked)) == (0, 0, 4)


def test_a_further_attempt_has_a_group_of_its_own_with_new_examples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = use_fake(monkeypatch, in_place("000007.1", {"text": " \n", "finish": "stop", "steps": 1}))
    found = report(capsys, write_recipe(tmp_path), "-o", tmp_path / "run")
    assert (found["rejected"], found["surplus"]) == ({"malformed": 1}, 5)
    first, second = (payload["group"]["rows"] for payload in fake.asked[1:])
    assert [row["key"] for row in second] == ["000007.2", *(f"000007.2/{number}" for number in range(1, 6))]
    assert Counter(row["label"] for row in second) == {"red": 2, "green": 2, "blue": 2}
    assert second[0]["label"] == first[1]["label"]
    assert second[0]["prompt"]["text"] != first[1]["prompt"]["text"]
    assert len({row["prompt"]["text"] for row in second}) == 6
    assert [row.get("peer") for row in (*first, *second)] == [*[None] * len(first), None, *[True] * 5]
    line = rows(tmp_path / "run", "lineage.jsonl")[7]
    assert (line["group"], line["row"], line["batch_rows"]) == ("000007.2", 0, 6)
    peers = [row for row in rows(tmp_path / "run", "rejected.jsonl") if row["reason"] == "surplus" and row["text"]]
    assert [row["id"][-10:] for row in peers if ".2" in row["id"]] == [
        f"-000007.2/{peer}"[-10:] for peer in range(1, 6)
    ]
    assert len({row["id"] for row in rows(tmp_path / "run", "rejected.jsonl")}) == 6


def test_a_failed_constraint_rejects_the_attempt_and_nothing_is_asked_again_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = use_fake(monkeypatch, in_place("000002.1", {"text": "too short", "finish": "stop", "steps": 2}))
    more = "constraints: [{length: {field: text, min_words: 5, on_fail: fix}}]"
    found = report(capsys, write_recipe(tmp_path, more), "-o", tmp_path / "run")
    assert found["rejected"]["length"] == 1
    assert all("group" in payload for payload in fake.asked)
    assert "text: at least 5 words" in fake.asked[0]["group"]["rows"][0]["prompt"]["messages"][0]["content"]


def test_a_repeat_is_named_to_the_next_attempt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    same = {"text": "one and the same text", "finish": "stop", "steps": 5}
    answers = {"000000.1": same, "000004.1": same}
    fake = use_fake(monkeypatch, lambda payload, row: answers.get(row["key"]) or text_of(payload, row))
    assert generate(write_recipe(tmp_path), "-o", tmp_path / "run") == 0
    leaders = [payload["group"]["rows"][0] for payload in fake.asked]
    (refill,) = [row for row in leaders if row["key"] == "000004.2"]
    assert '<avoid>\n"one and the same text"\n</avoid>' in refill["prompt"]["messages"][-1]["content"]


def test_a_reply_that_lacks_rows_costs_those_rows_their_attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_fake(monkeypatch, in_place("000003.1", {"finish": "stop"}))
    assert generate(write_recipe(tmp_path), "-o", tmp_path / "run") == 0
    assert [row["reason"] for row in rows(tmp_path / "run", "rejected.jsonl") if row["id"][-6:] == "000003"] == [
        "malformed"
    ]


def test_cfg_sends_the_prompts_of_the_other_labels_beside_each_and_why_shows_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = use_fake(monkeypatch)
    assert generate(write_recipe(tmp_path, variant="cfg", guidance=2.0), "-o", tmp_path / "run") == 0
    assert fake.asked[0]["group"]["guidance"] == 2.0
    for row in fake.asked[0]["group"]["rows"]:
        others = {negative["text"].rpartition("\n\n")[2].removesuffix(":") for negative in row["negatives"]}
        assert others == {"red", "green", "blue"} - {row["label"]}
    assert rows(tmp_path / "run", "lineage.jsonl")[0]["guidance"] == 2.0
    row = rows(tmp_path / "run")[0]
    capsys.readouterr()
    assert run(["why", str(tmp_path / "run"), row["id"]]) == 0
    shown = capsys.readouterr().out
    assert shown.count("[steered away from]") == 2
    assert shown.index("[steered away from]") < shown.index("[reply, stop]")


def test_a_group_larger_than_a_batch_is_a_batch_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = use_fake(monkeypatch)
    assert generate(write_recipe(tmp_path, per_label=12), "-o", tmp_path / "run", "-n", "37") == 0
    assert [len(payload["group"]["rows"]) for payload in fake.asked] == [36, 36]


def test_without_labels_rows_of_a_group_differ_by_their_examples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = use_fake(monkeypatch)
    recipe = write_recipe(tmp_path, variant="intra", per_label=4)
    text = recipe.read_text().replace("fields: {text: text, label: label}", "fields: {text: text}")
    recipe.write_text("".join(line for line in text.splitlines(True) if not line.startswith("label:")))
    assert generate(recipe, "-o", tmp_path / "run", "-n", "16") == 0
    group = fake.asked[2]["group"]["rows"]
    assert {row["label"] for row in group} == {None}
    assert [row["group"] for row in group] == [number // 4 for number in range(8)]
    assert group[0]["prompt"]["text"].endswith("\n\nText:")


def test_labels_of_uneven_quotas_stand_in_proportion_and_attributes_are_emitted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = use_fake(monkeypatch)
    more = "attributes: {place: {values: [sea, hill], emit: true}}"
    recipe = write_recipe(tmp_path, more)
    quota = ["--set", "label.quota.red=4", "--set", "label.quota.green=1", "--set", "label.quota.blue=1"]
    assert generate(recipe, "-o", tmp_path / "run", *quota) == 0
    dataset = rows(tmp_path / "run")
    assert Counter(row["label"] for row in dataset) == {"red": 8, "green": 2, "blue": 2}
    assert Counter(row["place"] for row in dataset) == {"sea": 6, "hill": 6}
    assert "(place: " in fake.asked[0]["group"]["rows"][0]["prompt"]["text"]


def test_notes_of_the_model_are_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_fake(monkeypatch, notes=("fewer examples than asked for: the context is short",))
    run(["generate", str(write_recipe(tmp_path)), "-o", str(tmp_path / "run"), "-n", "70"])
    assert capsys.readouterr().err.count("the context is short") == 1


def test_a_preview_makes_the_first_batch_and_the_run_does_not_pay_for_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = use_fake(monkeypatch)
    recipe = write_recipe(tmp_path)
    assert run(["preview", str(recipe), "-n", "2", "-o", str(tmp_path / "run"), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)["records"]
    assert run(["generate", str(recipe), "-o", str(tmp_path / "run"), "--probe", "5", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cached_calls"] == 1
    found = report(capsys, recipe, "-o", tmp_path / "run")
    assert (found["calls"], found["cached_calls"], len(fake.asked)) == (1, 1, 2)
    assert [record["id"] for record in shown] == [row["id"] for row in rows(tmp_path / "run")[:2]]


def test_why_tells_the_group_and_the_prompt_and_text_of_the_row_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_fake(monkeypatch)
    generate(write_recipe(tmp_path), "-o", tmp_path / "run")
    row = rows(tmp_path / "run")[8]
    capsys.readouterr()
    assert run(["why", str(tmp_path / "run"), row["id"], "--json"]) == 0
    made = json.loads(capsys.readouterr().out)["attempts"]["1"]["generate"]
    assert made["lineage"]["group"] == "000006.1"
    (call,) = made["calls"]
    assert (call["reply"], call["finish_reason"]) == (row["text"], "stop")
    assert call["messages"][-1]["content"].endswith(f"label: {row['label']}\n")
    assert run(["why", str(tmp_path / "run"), row["id"]]) == 0
    assert "group 000006.1, row 2" in capsys.readouterr().out


def test_the_prompts_of_the_first_group_are_shown_and_nothing_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = use_fake(monkeypatch)
    more = "prompts: {generate: 'One {{ label }} text after {{ texts | length }} others.'}"
    assert run(["prompt", str(write_recipe(tmp_path, more)), "--json"]) == 0
    prompts = json.loads(capsys.readouterr().out)["prompts"]
    assert len(prompts) == 6
    assert [prompt["text"] for prompt in prompts] == [f"One {p['label']} text after 3 others." for p in prompts]
    assert fake.asked == []


def test_more_prompts_than_one_batch_are_those_that_a_run_sends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = use_fake(monkeypatch)
    recipe = write_recipe(tmp_path)
    assert run(["prompt", str(recipe), "-n", "33", "--set", "count=34", "--json"]) == 0
    prompts = json.loads(capsys.readouterr().out)["prompts"]
    assert [int(prompt["ids"][0][-6:]) for prompt in prompts] == list(range(36))
    generate(recipe, "-o", tmp_path / "run", "-n", "36")
    sent = {row["key"]: row["prompt"]["text"] for asked in fake.asked for row in asked["group"]["rows"]}
    assert {prompt["text"] for prompt in prompts} <= set(sent.values())


# killed and resumed


def patch_append(count: int, stage: str) -> None:
    real = Checkpoint.append
    counted = after(count, lambda: None)

    def append(self: Checkpoint, *arguments: Any) -> None:
        real(self, *arguments)
        if self.stage == stage:
            counted()

    Checkpoint.append = append  # type: ignore[assignment, method-assign]


@pytest.mark.parametrize(("stage", "count"), [("generate", 1), ("generate", 2), ("generate", 3), ("validate", 9)])
def test_killed_after_a_line_and_resumed_the_outcome_and_its_lineage_are_the_same(
    stage: str, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = {"text": "", "finish": "stop", "steps": 0}
    use_fake(monkeypatch, lambda payload, row: bad if row["key"] in ("000005.1", "000033.1") else text_of(payload, row))
    recipe = write_recipe(tmp_path)
    assert generate(recipe, "-o", tmp_path / "whole", "-n", "40") == 0
    assert killed(lambda: patch_append(count, stage), recipe, "-o", tmp_path / "run", "-n", "40")
    assert generate(recipe, "-o", tmp_path / "run", "-n", "40") == 0
    assert everything(tmp_path / "run") == everything(tmp_path / "whole")


KILLED = """
import functools, os, signal, sys
import torch
torch.set_num_threads(1)
from transformers import LlamaModel
real, left = LlamaModel.forward, [int(sys.argv.pop(1))]
@functools.wraps(real)
def forward(self, *args, **options):
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(self, *args, **options)
LlamaModel.forward = forward
from datagen_cli.cli.app import run
from datagen_cli.config.models import SharedModel
run(["generate", *sys.argv[1:], "--quiet"])
"""


@pytest.mark.slow
def test_a_real_model_killed_in_the_middle_of_a_group_and_resumed_writes_the_same_bytes(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        model = save_model(tmp_path / "tiny", context=2048)
        recipe = write_recipe(tmp_path, model=f"{{name: local/{model}, max_tokens: 24}}", variant="hybrid")
        arguments = [str(recipe), "-n", "8", "--set", "limits.attempts_per_record=30"]
        assert generate(*arguments, "-o", tmp_path / "whole") == 0
        command = [sys.executable, "-c", KILLED, "12", *arguments, "-o", str(tmp_path / "run")]
        assert subprocess.run(command, cwd=ROOT, capture_output=True).returncode == -9
        assert not (tmp_path / "run" / "dataset.jsonl").exists()
        assert generate(*arguments, "-o", tmp_path / "run") == 0
    finally:
        torch.set_num_threads(threads)
    assert everything(tmp_path / "run") == everything(tmp_path / "whole")


def test_a_batch_of_groups_that_always_fails_leaves_its_slots_open_and_one_call_fills_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runner, "AGAIN_S", 0.01)
    monkeypatch.setattr(runner, "AGAIN_NO_REPLY_S", 0.02)
    monkeypatch.setattr(retry, "FIRST_WAIT_S", 0.01)
    fake = use_fake(monkeypatch)
    whole = fake.complete
    mended = False

    async def complete(self: Any, payload: Any, draw: Any, *, timeout_s: float) -> Any:
        if draw.slot == 0 and not mended:
            raise TransportError("server", "the group cannot be sampled")
        return await whole(self, payload, draw, timeout_s=timeout_s)

    monkeypatch.setattr(fake, "complete", complete)
    recipe = write_recipe(tmp_path)
    found = report(capsys, recipe, "-o", tmp_path / "run", "-n", "75")
    missing = 75 - found["accepted"]
    assert (found["exit_code"], found["no_reply"], len(found["failed_slots"])) == (3, 2, missing)
    assert 0 < missing <= 32
    mended = True
    calls = len(fake.asked)
    found = report(capsys, recipe, "-o", tmp_path / "run", "-n", "75")
    assert (found["exit_code"], found["accepted"], len(fake.asked) - calls) == (0, 75, 1)
    use_fake(monkeypatch)
    report(capsys, recipe, "-o", tmp_path / "whole", "-n", "75")
    assert outcome(tmp_path / "run") == outcome(tmp_path / "whole")
