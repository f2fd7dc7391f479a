"""What every check in the catalog has: options, scope, how it is built, what a bare value stands for."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from pydantic import ValidationError

from datagen_cli.catalog import CATALOG
from datagen_cli.config.checks import CheckFacts, CheckOptions
from datagen_cli.core.registry import load
from datagen_cli.prompts import checking
from datagen_cli.prompts.checking import CheckPrompts

CHECKS = [(kind, name) for kind in ("constraints", "validators") for name in CATALOG[kind]]


@pytest.mark.parametrize(("kind", "name"), CHECKS)
def test_every_check_says_what_it_is(kind: str, name: str) -> None:
    check = load(kind, name)
    assert issubclass(check, CheckFacts)
    assert issubclass(check.options, CheckOptions)
    assert check.short is None or check.short in check.options.model_json_schema()["properties"]
    assert check.scope == ("set" if hasattr(check, "rule") else "record")


@pytest.mark.parametrize(("kind", "name"), CHECKS)
def test_a_check_is_built_and_asked_as_all_of_its_shelf(kind: str, name: str) -> None:
    check = load(kind, name)
    asks = kind == "validators" or bool(check.roles)
    built_with = ["self", "options", "specs", *(["about"] if check.roles else [])]
    assert list(inspect.signature(check.__init__).parameters) == built_with
    methods = ["verify" if asks else "check", *(["describe"] if kind == "constraints" else [])]
    assert all(hasattr(check, method) for method in methods)
    if asks:
        assert inspect.iscoroutinefunction(check.verify)


@pytest.mark.parametrize(("kind", "name"), CHECKS)
def test_a_check_that_asks_says_with_which_prompts_and_at_what_cost(kind: str, name: str) -> None:
    check = load(kind, name)
    assert bool(check.roles) == bool(check.asks), "asks: the purposes of its calls"
    if check.roles:
        assert isinstance(check.prompts, CheckPrompts)
        unset = {name: "x" for name, option in check.options.model_fields.items() if option.is_required()}
        cost = check.cost(check.options.model_construct(**unset))
        assert 1 <= cost.calls[0] <= cost.calls[1]
    else:
        assert check.prompts is None


def test_a_check_can_only_use_the_templates_that_it_names() -> None:
    with pytest.raises(KeyError):
        CheckPrompts("system", ("ask",)).messages("code", question="x")


def test_a_template_may_stand_beside_its_check_and_counts_in_the_digest() -> None:
    prompts = CheckPrompts("system", texts={"tone": "How does {{ text }} sound?"})
    assert prompts.messages("tone", text="this")[1].content == "How does this sound?\n"
    assert prompts.digest != CheckPrompts("system", texts={"tone": "How does {{ text }} feel?"}).digest


def test_the_digest_of_prompts_covers_each_template_and_the_system_message(monkeypatch: pytest.MonkeyPatch) -> None:
    before = [CheckPrompts("a", ("ask",)).digest, CheckPrompts("b", ("ask",)).digest, CheckPrompts("a", ()).digest]
    monkeypatch.setattr(checking, "shipped_template", lambda name: f"other {name}")
    after = [CheckPrompts("a", ("ask",)).digest, CheckPrompts("b", ("ask",)).digest]
    assert len({*before, *after}) == 5


@pytest.mark.parametrize(("kind", "name"), CHECKS)
def test_every_option_is_described_or_plain(kind: str, name: str) -> None:
    schema = load(kind, name).options.model_json_schema()
    assert schema["additionalProperties"] is False
    assert {"name", "on_fail", "on_unknown"} <= set(schema["properties"])


@pytest.mark.parametrize(
    ("kind", "name", "options"),
    [
        ("constraints", "language", {"is": "en"}),
        ("constraints", "ask", {"text": "The problem has exactly one question."}),
        ("constraints", "balance", {}),
        (
            "validators",
            "code",
            {"question": "question", "answer": "answer", "solutions": 3, "on_fail": "drop", "on_unknown": "drop"},
        ),
        ("validators", "solve", {"question": "question", "answer": "answer", "attempts": 3}),
        ("validators", "search", {"fields": ["question"], "sources": ["wikipedia", "duckduckgo"], "on_fail": "fix"}),
        ("validators", "reflect", {"rounds": 2}),
        ("validators", "reflect", {}),
    ],
)
def test_options_of_checks_yet_to_come_are_read_as_the_contract_writes_them(
    kind: str, name: str, options: dict[str, Any]
) -> None:
    read = load(kind, name).options.model_validate(options)
    assert read.identity()["name"] is None


@pytest.mark.parametrize(
    ("kind", "name", "options", "message"),
    [
        ("constraints", "language", {"is": "English"}, "pattern"),
        ("validators", "search", {"fields": ["q"], "sources": ["bing"]}, "unknown bing; known: wikipedia"),
        ("validators", "search", {"fields": ["q"], "sources": ["corpus"]}, "go together"),
        ("validators", "code", {"question": "q"}, "answer"),
        ("validators", "reflect", {"rounds": 0}, "greater than or equal to 1"),
    ],
)
def test_options_that_make_no_sense_are_refused(kind: str, name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        load(kind, name).options.model_validate(options)
