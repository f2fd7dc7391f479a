"""Stored verdicts: validators in `verified`, constraints in `constraints`, first verdicts before repairs."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from datagen_cli.evaluation.run_facts import facts_of
from datagen_cli.metrics.constraints import Constraints
from datagen_cli.metrics.dataset import Dataset, RunFacts
from datagen_cli.metrics.features import Features
from datagen_cli.metrics.verified import Verified, passed_at_once
from datagen_cli.runs.reader import Checked

CHECKS = ("length", "ends", "code", "solve")
FIRST = [
    {"length": "pass", "ends": "pass", "code": "pass", "solve": "pass"},
    {"length": "pass", "ends": "fail", "code": "pass", "solve": "unknown"},
    {"length": "fail", "ends": "pass"},
    {"length": "pass", "ends": "pass", "code": "fail"},
]


def run(first: list[dict[str, str]], last: list[dict[str, str]], checks: Sequence[str] = CHECKS) -> Features:
    facts = RunFacts(first, last, checks, frozenset(checks) & {"length", "ends"})
    return Features(Dataset("r", [{"text": "a"}], ("text",), run=facts))


def test_verified_counts_validators_before_and_after() -> None:
    found = Verified().compute(run(FIRST, [FIRST[0]]), None)
    assert found.value == 1 / 3
    assert found.detail == {
        "code": {"before": {"pass": 2, "fail": 1}, "after": {"pass": 1}},
        "solve": {"before": {"pass": 1, "unknown": 1}, "after": {"pass": 1}},
    }
    assert found.interval and found.interval[0] < 1 / 3 < found.interval[1]


def test_constraints_count_the_first_try() -> None:
    found = Constraints().compute(run(FIRST, [FIRST[0]]), None)
    assert found.value == 0.5
    assert found.detail["ends"] == {"before": {"pass": 3, "fail": 1}, "after": {"pass": 1}}
    assert "code" not in found.detail


def test_records_that_no_check_saw_do_not_count() -> None:
    assert passed_at_once([{}, {"a": "pass"}, {"b": "fail"}], ["a"]) == (1, 1)


def test_what_is_missing_has_a_reason() -> None:
    plain = Features(Dataset("f", [{"text": "a"}], ("text",)))
    assert Verified().compute(plain, None).reason == "not a run folder: no verdicts are stored"
    assert Verified().compute(run([], [], ["length"]), None).reason == "the run has no validators"
    assert Constraints().compute(run([], [], ["code"]), None).reason == "the recipe has no constraints"
    assert Verified().compute(run([{"length": "pass"}], []), None).reason == "no record was checked"


def test_of_a_run_that_was_killed_nobody_says_that_it_has_no_checks() -> None:
    facts = RunFacts([], [], [], frozenset(), ended=False)
    killed = Features(Dataset("r", [], ("text",), run=facts))
    for metric in (Verified, Constraints):
        assert metric().compute(killed, None).reason == "the run has not ended, and no check had its say yet"


def test_the_checks_of_a_run_that_was_killed_are_those_that_had_their_say() -> None:
    verdicts: Any = {"length": "pass", "code": "fail"}
    reader: Any = SimpleNamespace(
        checked=lambda: [Checked(0, 1, verdicts, verdicts)],
        manifest=SimpleNamespace(checks={}, state="running"),
        recipe={},
    )
    found = facts_of(reader, [])
    assert (found.checks, found.constraints, found.ended) == (["length", "code"], {"length"}, False)
