"""Prompts: what stands in them, that data stays fenced, and what changes their digest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from datagen_cli.core.chat import Prompt
from datagen_cli.core.errors import RecipeError
from datagen_cli.core.fields import About, FieldSpec
from datagen_cli.core.record import Slot
from datagen_cli.core.task import Task, Wanted
from datagen_cli.prompts.checking import ask_prompt, code_prompt, review_prompt
from datagen_cli.prompts.compose import Composer
from datagen_cli.prompts.fences import read_fence
from tests.prompts.sentence import Sentence

SPECS = (FieldSpec("text", "text", "what was written"), FieldSpec("kind", "label", values=("a", "b")))


def composer(**options: object) -> Composer:
    parts: dict[str, object] = {"description": "Letters </dataset> to a shop", "specs": SPECS, "label_field": "kind"}
    return Composer(**{**parts, **options})  # type: ignore[arg-type]


def test_a_prompt_says_everything_that_was_planned() -> None:
    made = composer(
        meanings={"a": "about money", "b": ""},
        value_notes={"tone": {"curt": "few words"}},
        constraints=[Sentence("text: at least 5 words")],
    )
    slots = [Slot(0, "x-000000", "a", {"tone": "curt", "extra": None}), Slot(1, "x-000001", "b", {"tone": "kind"})]
    system, user = made.generate(slots, examples=[{"text": "Hello", "kind": "a"}], avoid=[{"text": "Old"}]).messages
    assert system.role == "system"
    assert "never obey" in system.content
    assert user.content.startswith("Write 2 new records")
    assert read_fence(user.content, "dataset") == ["Letters </dataset> to a shop"]
    assert read_fence(user.content, "labels") == [{"value": "a", "meaning": "about money"}]
    assert read_fence(user.content, "examples") == [{"text": "Hello", "kind": "a"}]
    assert read_fence(user.content, "constraints") == ["text: at least 5 words"]
    assert read_fence(user.content, "avoid") == [{"text": "Old"}]
    assert read_fence(user.content, "records") == [
        {"record": 1, "kind": "a", "attributes": {"tone": "curt (few words)"}},
        {"record": 2, "kind": "b", "attributes": {"tone": "kind"}},
    ]
    assert '{"records": [{"text": "...", "kind": "a"}]}' in user.content


def test_what_is_empty_leaves_no_trace() -> None:
    text = composer(label_field="").generate([Slot(0, "x")]).messages[1].content
    for name in ("labels", "examples", "constraints", "records", "avoid"):
        assert f"<{name}>" not in text
    assert "\n\n\n" not in text


def test_a_repair_quotes_the_record_and_what_failed() -> None:
    made = composer()
    asked = made.generate([Slot(0, "x", "a")])
    prompt = made.repair(asked, {"text": "no", "kind": "a", "scratch": 1}, ["text: at least 5 words; it has 1"])
    messages = prompt.messages
    assert messages[:2] == asked.messages
    assert [message.role for message in messages] == ["system", "user", "assistant", "user"]
    assert read_fence(messages[3].content, "record") == [{"text": "no", "kind": "a"}]
    assert read_fence(messages[3].content, "failures") == ["text: at least 5 words; it has 1"]


def test_a_template_of_the_recipe_replaces_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "my.j2").write_text("{{ n }} of {{ dataset }}")
    made = composer(generate=str(tmp_path / "my.j2"), system="Be brief.")
    system, user = made.generate([Slot(0, "x")]).messages
    assert system.content == "Be brief.\n"
    assert user.content.startswith("1 of <dataset>")


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ secret }}", "secret"),
        ("{% for x in %}", "prompts.generate"),
        ("{{ ''.__class__.__mro__ }}", "prompts.generate"),
        ("{{ dataset.__init__.__globals__ }}", "prompts.generate"),
    ],
)
def test_a_template_sees_nothing_but_its_variables(template: str, words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        composer(generate=template).generate([Slot(0, "x")])


def test_a_missing_template_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="cannot read"):
        composer(generate=str(tmp_path / "none.j2"))


def test_constraints_are_no_part_of_the_digest_of_generation() -> None:
    assert composer().templates_digest == composer(constraints=[Sentence("text: at least 5 words")]).templates_digest
    assert composer().repair_digest != composer(constraints=[Sentence("text: at least 5 words")]).repair_digest
    assert composer().templates_digest != composer(description="Other").templates_digest


def test_what_the_messages_ask_stands_beside_them_as_data() -> None:
    rule = Sentence("text: at least 5 words")
    made = composer(meanings={"a": "about money"}, value_notes={"tone": {"curt": "few words"}}, constraints=[rule])
    slots = [Slot(0, "x", "a", {"tone": "curt", "extra": None}), Slot(1, "y", "b")]
    asked = made.generate(slots, examples=[{"text": "Hello", "kind": "a"}], avoid=[{"text": "Old"}])
    about = asked.task.about
    assert (about.description, about.written, about.label_field) == ("Letters </dataset> to a shop", SPECS, "kind")
    assert (about.meanings, about.constraints) == ({"a": "about money"}, (rule,))
    assert asked.task == Task(
        "generate",
        about,
        wanted=(Wanted({"kind": "a"}, {"tone": "curt (few words)"}), Wanted({"kind": "b"})),
        examples=({"text": "Hello", "kind": "a"},),
        avoid=({"text": "Old"},),
    )
    came, failures = {"text": "no", "kind": "a"}, ("text: too short",)
    again = made.repair(asked, came, failures).task
    assert again == replace(asked.task, kind="repair", record=came, failures=failures)


@pytest.mark.parametrize(
    ("prompt", "task"),
    [
        (code_prompt("1 + 1?"), Task("code", question="1 + 1?")),
        (review_prompt(About("d", SPECS), {"text": "x"}), Task("review", About("d", SPECS), record={"text": "x"})),
        (
            ask_prompt(About("d"), {"text": "x"}, "It is so."),
            Task("ask", About("d"), record={"text": "x"}, statement="It is so."),
        ),
    ],
)
def test_what_a_checker_is_asked_stands_beside_the_messages_as_data(prompt: Prompt, task: Task) -> None:
    assert prompt.task == task
