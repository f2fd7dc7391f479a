"""What a run spends, by the endpoint's own count: exact, never over a cap, whatever is killed and resumed."""

from __future__ import annotations

import json
import signal
import subprocess
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.cli.app import run
from datagen_cli.runs.ledger import read_spending
from datagen_cli.runs.spending import total_of
from tests.endpoint import HANG_S, Answer, Endpoint, until
from tests.runs.test_http import letter
from tests.runs.whole import generate, outcome, report, start

RECIPE = """
version: 1
name: letters
description: Short letters to a shop.
fields:
  text: {type: text}
  kind: {type: label}
label: {field: kind, values: {praise: kind words, blame: complaints}}
model:
  name: any/model
  base_url: "%s"
  max_tokens: 80
  price: {input_per_million: 100, output_per_million: 400}
count: %d
attributes: {tone: [curt, warm]}
limits: {concurrency: %d, patience_s: 30}
"""


class Till:
    """A script of an endpoint that counts what it answers, at the prices of the recipe; it never writes over 80."""

    def __init__(self, delay_s: float = 0.0) -> None:
        self.tokens_in = self.tokens_out = self.calls = 0
        self.most = 0
        self._delay_s = delay_s

    def __call__(self, body: dict[str, Any], attempt: int) -> Answer:
        tokens_in = sum(len(message["content"]) for message in body["messages"]) // 2
        tokens_out = 20 + body["seed"] % 60
        self.calls += 1
        self.tokens_in += tokens_in
        self.tokens_out += tokens_out
        self.most = max(self.most, len(json.dumps(body)) + body["max_tokens"])
        return Answer(letter(body), usage=(tokens_in, tokens_out), delay_s=self._delay_s)

    @property
    def tokens(self) -> int:
        return self.tokens_in + self.tokens_out

    @property
    def cost_usd(self) -> float:
        return self.tokens_in * 100e-6 + self.tokens_out * 400e-6


def recipe(tmp_path: Path, endpoint: Endpoint, count: int = 40, concurrency: int = 16) -> Path:
    path = tmp_path / "letters.yaml"
    path.write_text(RECIPE % (endpoint.url, count, concurrency))
    return path


def spent_in(folder: Path) -> dict[str, Any]:
    found = read_spending(folder / "spending.jsonl")
    assert found is not None
    return total_of(found)


def test_what_a_run_spends_is_what_the_endpoint_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    till = Till()
    with Endpoint(till) as endpoint:
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
    assert found["tokens"] == {"in": till.tokens_in, "out": till.tokens_out, "cached": 0}
    assert found["cost_usd"] == pytest.approx(till.cost_usd)
    document = json.loads((tmp_path / "run" / "run.json").read_text())
    cost = document["cost"]
    assert cost["by_stage"] == {"generate": pytest.approx(till.cost_usd)}
    assert cost["by_role"] == {"generator": pytest.approx(till.cost_usd)}
    assert cost["per_accepted"] == pytest.approx(till.cost_usd / 40, rel=1e-6)
    assert spent_in(tmp_path / "run") == total_of(document["spent"])


@pytest.mark.slow
@pytest.mark.parametrize("cap", [{"max_total_tokens": 600_000}, {"max_cost": 62.0}], ids=lambda cap: next(iter(cap)))
def test_a_cap_holds_with_200_in_flight_killed_in_the_middle_and_resumed(
    cap: dict[str, float], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    till = Till(delay_s=0.1)
    full: Future[None] = Future()
    doomed: list[Future[subprocess.Popen[str]]] = [Future(), Future()]

    def script(body: dict[str, Any], attempt: int) -> Answer:
        answer = till(body, attempt)
        if endpoint.in_flight == 200 and not full.done():
            full.set_result(None)
        if till.calls in kills:
            doomed[kills.index(till.calls)].result().kill()
        return replace(answer, held=full if till.calls > 1 else None)  # the first call goes alone

    kills = (260, 480)
    with Endpoint(script) as endpoint:
        flag = [f"--{name.replace('_', '-')}={value}" for name, value in cap.items()]
        command = [recipe(tmp_path, endpoint, 5000, 200), "-o", tmp_path / "run", *flag]
        for end in doomed:
            end.set_result(process := start(*command))
            process.communicate()
            assert process.returncode == -signal.SIGKILL
        until(lambda: endpoint.in_flight == 0)
        found = report(capsys, *command)
        again = report(capsys, *command)
    assert endpoint.most_in_flight == 200
    assert (found["exit_code"], again["exit_code"], again["calls"]) == (4, 4, 0)
    used = till.tokens if "max_total_tokens" in cap else till.cost_usd
    counted = found["tokens"]["in"] + found["tokens"]["out"] if "max_total_tokens" in cap else found["cost_usd"]
    most = next(iter(cap.values()))
    assert used <= counted <= most
    assert used > 0.2 * most


@pytest.mark.slow
def test_calls_in_flight_at_a_kill_are_counted_at_their_most_and_all_others_exactly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    till, go = Till(), Future[None]()

    def script(body: dict[str, Any], attempt: int) -> Answer:
        return replace(till(body, attempt), held=go if till.calls > 24 else None)

    with Endpoint(script) as endpoint:
        command = [recipe(tmp_path, endpoint, 60, 8), "-o", tmp_path / "run", "--cache", "off"]
        process = start(*command)
        until(lambda: endpoint.in_flight == 8 and till.calls == 32)
        process.kill()
        process.communicate()
        go.set_result(None)
        held = spent_in(tmp_path / "run")
        assert held["calls"] + held["lost"] == till.calls
        assert held["lost"] == 8
        assert 0 <= held["tokens_in"] + held["tokens_out"] - till.tokens <= held["lost"] * till.most
        assert json.loads(json.dumps(status(capsys, tmp_path / "run")["cost_usd"])) >= till.cost_usd
        found = report(capsys, *command)
    assert found["accepted"] == 60
    after = spent_in(tmp_path / "run")
    assert (after["calls"] + after["lost"], after["lost"]) == (till.calls, held["lost"])
    over = held["tokens_in"] + held["tokens_out"]
    assert after["tokens_in"] + after["tokens_out"] - till.tokens <= min(over, held["lost"] * till.most)


@pytest.mark.parametrize("both", [False, True], ids=["one answer", "both answers at once"])
def test_calls_that_are_hedged_are_counted_twice_where_they_were_made_twice(
    both: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    till, twice = Till(), Future[None]()
    slow: list[int] = []

    def script(body: dict[str, Any], attempt: int) -> Answer:
        answer = till(body, attempt)
        if till.calls == 60:
            slow.append(body["seed"])
            return replace(answer, held=twice)
        if both and body["seed"] in slow:
            twice.set_result(None)
        return answer

    with Endpoint(script) as endpoint:
        found = report(
            capsys,
            recipe(tmp_path, endpoint, 120, 8),
            "-o",
            tmp_path / "run",
            "--set=limits.hedge=true",
            "--max-cost=90",
        )
    counts = spent_in(tmp_path / "run")
    assert found["accepted"] == 120
    assert counts["hedged"] >= 1
    assert counts["lost"] >= 1 or both
    assert counts["calls"] + counts["lost"] == till.calls
    assert till.tokens <= counts["tokens_in"] + counts["tokens_out"]
    assert till.cost_usd - 1e-9 <= found["cost_usd"] <= 90  # sums in another order


def status(capsys: pytest.CaptureFixture[str], folder: Path) -> dict[str, Any]:
    capsys.readouterr()
    assert run(["status", str(folder), "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.slow
def test_two_processes_at_once_on_one_cache_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    till = Till(delay_s=0.01)
    shared = ["--cache", tmp_path / "shared.sqlite"]
    with Endpoint(till) as endpoint:
        command = [recipe(tmp_path, endpoint, 150, 8), *shared]
        processes = [start(*command, "-o", tmp_path / name) for name in "ab"]
        assert [process.wait(HANG_S) for process in processes] == [0, 0]
        asked = till.calls
        found = report(capsys, *command, "-o", tmp_path / "c")
    assert (found["calls"], found["cached_calls"], found["cost_usd"]) == (0, 150, 0)
    assert outcome(tmp_path / "a") == outcome(tmp_path / "b") == outcome(tmp_path / "c")
    assert 150 <= asked == till.calls <= 300
    spent = [spent_in(tmp_path / name) for name in "ab"]
    assert sum(counts["calls"] for counts in spent) == asked
    assert sum(counts["calls"] + counts["cached_calls"] for counts in spent) == 300
    assert sum(counts["tokens_in"] + counts["tokens_out"] for counts in spent) == till.tokens


def test_a_fresh_run_counts_anew_and_a_preview_counts_for_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    till = Till()
    with Endpoint(till) as endpoint:
        path = recipe(tmp_path, endpoint)
        assert run(["preview", str(path), "-n", "3", "-o", str(tmp_path / "run")]) == 0
        assert spent_in(tmp_path / "run")["calls"] == 3
        found = report(capsys, path, "-o", tmp_path / "run")
        assert (found["calls"], found["cached_calls"]) == (37, 3)
        assert found["tokens"] == {"in": till.tokens_in, "out": till.tokens_out, "cached": 0}
        before = till.tokens
        fresh = report(capsys, path, "-o", tmp_path / "run", "--fresh")
    assert sum(fresh["tokens"].values()) == till.tokens - before
    assert generate(path, "-o", tmp_path / "run") == 0


def test_status_and_card_say_what_each_stage_role_and_record_cost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    till = Till()
    with Endpoint(till) as endpoint:
        short = ["--set=constraints=[{length: {field: text, max_characters: 30}}]"]
        path = recipe(tmp_path, endpoint)
        found = report(capsys, path, "-o", tmp_path / "run", *short)
    assert found["exit_code"] in (0, 3)
    cost = status(capsys, tmp_path / "run")["cost"]
    assert set(cost["by_stage"]) == {"generate", "validate"}
    assert sum(cost["by_stage"].values()) == pytest.approx(till.cost_usd)
    assert sum(cost["by_role"].values()) == pytest.approx(till.cost_usd)
    assert run(["status", str(tmp_path / "run")]) == 0
    said = capsys.readouterr().out
    assert "by stage: generate $" in said
    card = (tmp_path / "run" / "README.md").read_text()
    assert f"| stage `validate` | {cost['by_stage']['validate']:.6f} |" in card
    assert "| each accepted record |" in card


CHECKED = (
    *("-n", "200", "--set", "validators=[{code: {question: question, answer: answer}}]"),
    *("--set", "limits.attempts_per_record=20"),
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checked run without a cap, made once for all caps."""
    folder = tmp_path_factory.mktemp("checked") / "whole"
    assert generate("quickstart", "-o", folder, *CHECKED) == 0
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("cap", [20_000, 40_000])
def test_under_a_cap_what_is_begun_is_finished(
    cap: int, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of all tokens that may be spent the better half goes into records that are accepted, not into beginnings."""
    capped = ("quickstart", "-o", tmp_path / "run", *CHECKED)
    found = report(capsys, *capped, "--max-total-tokens", str(cap))
    assert found["exit_code"] == 4
    assert found["accepted"] >= cap / 4_000  # none of 34 that were begun, and 7 of 63, were finished before
    assert generate(*capped) == 0
    assert outcome(tmp_path / "run") == outcome(whole)
