"""Prompts that ask for one text, and what is made of what comes back."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from datagen_cli.core.errors import RecipeError
from datagen_cli.core.fields import FieldSpec
from datagen_cli.prompts.free_text import FreeText, clean_text, completion
from tests.prompts.reading import read_fence

SPEC = FieldSpec("text", description="one short story")


@pytest.mark.parametrize(
    ("raw", "text", "ended"),
    [
        ("  a story. \n", "a story.", False),
        ("a story.\n\nSports: another one", "a story.", True),
        ("\n\na story.\n \t\nmore", "a story.", True),
        ("two\nlines", "two\nlines", False),
        ('"a story."', "a story.", False),
        ('"she said \\"no\\" twice"', 'she said "no" twice', False),
        ("“a story.”", "a story.", False),
        ('"No," he said, "never"', '"No," he said, "never"', False),
        ("Here is a new text:\n\nA story.\n\nAnother", "A story.", True),
        ("Here is one:", "Here is one:", False),
        ("Here is one:\n\n", "Here is one:", False),
        ('"', '"', False),
        ('""', "", False),
        ("", "", False),
        ("half \ud83d of a pair", "half ? of a pair", False),
        ("a\r\n\r\nb", "a", True),
    ],
)
def test_a_text_is_stripped_cut_at_a_blank_line_and_unquoted(raw: str, text: str, ended: bool) -> None:
    assert clean_text(raw) == (text, ended)


def test_the_plain_form_is_a_few_shot_pattern_left_open() -> None:
    assert completion("Short\nstories.", "red", "warm", {}, ["one\n\ntwo", "three"]) == (
        "Short stories.\n\nred means: warm\n\nred: one two\n\nred: three\n\nred:"
    )
    assert completion("Stories.", None, "", {"style": "terse", "place": "sea"}, []) == (
        "Stories.\n\nText (style: terse; place: sea):"
    )


@dataclass(frozen=True)
class Rule:
    """A constraint in words."""

    words: str

    def describe(self) -> str:
        return self.words


COLOUR = FieldSpec("colour", type="label", values=("red", "blue"))


def test_the_chat_form_is_that_of_one_text_with_the_examples_as_turns() -> None:
    made = FreeText(
        description="Stories.", spec=SPEC, label=COLOUR, meanings={"red": "warm"}, constraints=[Rule("text: short")]
    )
    prompt = made.prompt("red", {"style": "terse", "other": None}, ["one", "two </avoid> three"], ["old one"])
    roles = [message["role"] for message in prompt["messages"]]
    system, asked, answer, request = (prompt["messages"][at]["content"] for at in (0, 1, 2, -1))
    assert roles == ["system", "user", "assistant", "user"]
    assert "Stories." in system and "- red: warm" in system and "- text: short" in system and "JSON" not in system
    assert asked == "Write a new text.\ncolour: red\n" and answer == "one"
    assert request.startswith("Write a new text (style: terse).\ncolour: red\n")
    assert read_fence(request, "avoid") == ["old one"]
    assert not any("three" in message["content"] for message in prompt["messages"])  # it reads like an order


def test_each_prompt_comes_with_shorter_ones_down_to_no_example() -> None:
    prompt = FreeText(description="Stories.", spec=SPEC).prompt(None, {}, ["a", "b", "c", "d", "e"])
    assert prompt["examples"] == 5
    assert [form["examples"] for form in prompt["shorter"]] == [2, 1, 0]
    assert [form["text"].count("Text:") for form in prompt["shorter"]] == [3, 2, 1]
    assert "shorter" not in FreeText(description="Stories.", spec=SPEC).prompt(None, {}, [])


def test_a_template_of_the_recipe_wins_in_both_forms_and_sees_label_meaning_and_texts() -> None:
    template = "{{ label }}/{{ meaning }}\n{% for text in texts %}{{ text }}\n{% endfor %}"
    made = FreeText(description="Stories.", spec=SPEC, label=COLOUR, meanings={"red": "warm"}, generate=template)
    prompt = made.prompt("red", {}, ["one", "two"])
    assert prompt["text"] == "red/warm\none\ntwo\n"
    assert prompt["messages"][1]["content"] == "red/warm\none\ntwo\n"


def test_a_template_that_uses_what_there_is_not_is_an_error_that_lists_what_there_is() -> None:
    with pytest.raises(RecipeError, match=r"prompts\.generate: .*'labl' is undefined") as caught:
        FreeText(description="Stories.", spec=SPEC, generate="{{ labl }}")
    assert "texts" in caught.value.hint


def test_another_template_description_or_meaning_is_another_identity() -> None:
    def identity(**more: object) -> str:
        return json.dumps(FreeText(**{"description": "a", "spec": SPEC, **more}).identity)  # type: ignore[arg-type]

    kinds = [identity(), identity(description="b"), identity(generate="x"), identity(meanings={"red": "warm"})]
    assert len(set(kinds)) == 4
    assert identity(constraints=[Rule("text: short")]) == kinds[0]
