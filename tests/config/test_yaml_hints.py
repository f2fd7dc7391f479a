"""Text that people forget to quote: each slip is told by what to do about it, and none is read as something else."""

from __future__ import annotations

import pytest

from datagen_cli.config.tree import Source
from datagen_cli.config.yaml_hints import syntax_hint
from datagen_cli.config.yaml_lines import read_yaml
from datagen_cli.core.budget import within
from datagen_cli.core.errors import RecipeError

SOURCE = Source("x.yaml", ".")
QUOTES = "put text that starts with {} in quotes"


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("Reviews: short ones", "put text that holds `: ` in quotes"),
        ("{type: text, description: the text: what is said}", "put text that holds `: ` in quotes"),
        ("'It's a review'", "between single quotes write '' for an apostrophe, or use double quotes"),
        ('"quoted" words first', "the text goes on behind its closing quotation mark: put all of it in quotes of the"),
        ("'so' they say", "the text goes on behind its closing quotation mark: put all of it in quotes of the"),
        (r'"C:\path\dir"', r"between double quotes a backslash begins an escape: write \\, or use single quotes"),
        ("*important* reviews", QUOTES.format("*")),
        ("@handles in reviews", QUOTES.format("@")),
        ("%s reviews", QUOTES.format("%")),
        ("`code` in reviews", QUOTES.format("`")),
        ("{name} reviews", QUOTES.format("{")),
        ("[short] reviews", QUOTES.format("[")),
        ("- reviews", QUOTES.format("-")),
        ("? reviews", QUOTES.format("?")),
        ("!important reviews", QUOTES.format("!")),
        ("&co reviews", QUOTES.format("&")),
        ("> reviews", QUOTES.format(">")),
        ("[short, long", "close the ["),
        ("{short: 1", "close the {"),
    ],
)
@pytest.mark.parametrize("after", ["", "count: 4\n"], ids=["last", "followed"])
def test_a_text_without_its_quotes_is_told_how_to_be_written(value: str, hint: str, after: str) -> None:
    with pytest.raises(RecipeError) as caught:
        read_yaml(f"version: 1\ndescription: {value}\n{after}", SOURCE)
    assert caught.value.hint.startswith(hint)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("a:\n  b: 1\n c: 2\n", "this line is indented by 1 space, the ones above it by 2"),
        ("a:\n\tb: 1\n", "indent with spaces, not with tabs"),
        ("a: 1\ncount:4\n", "put a space behind the colon"),
        ("a: 1\ncount:4\nb: 2\n", "put a space behind the colon"),
    ],
)
def test_what_is_wrong_with_spaces_is_told(text: str, hint: str) -> None:
    with pytest.raises(RecipeError) as caught:
        read_yaml(text, SOURCE)
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("label: {values: {good: content, glad, bad: angry}}", "label.values.glad"),
        ("fields: {a: {type: text, description: a headline, five words at most}}", "fields.a.five words at most"),
        ("attributes: {tone: formal, casual}", "attributes.casual"),
        ("a: [{b: 1, c}]", "a.c"),
        ("a: {'b', c: 1}", "a.b"),
    ],
)
def test_a_comma_in_a_text_makes_no_key_of_its_rest(text: str, key: str) -> None:
    with pytest.raises(RecipeError, match=f"{key}: a key without a value$") as caught:
        read_yaml(text, SOURCE)
    assert "put text that holds a comma in quotes" in caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "a: {b: , c: 1}",
        "a: {b: null, c: 1}",
        "a: {b: '', c: 1}",
        "a: {b, c}",
        "a: {}",
        "a:\n  b:\n  c: 1",
        'a: {"b":1}',
        "a: {b: [1, 2], c: {d: 1}}",
        "x: &x {b: 1}\na: {c: *x, d: 1}",
        "x: &x {b: 1}",
        "x: &x 1\na: *x",
        "x: &x {b: 1}\na: {<<: *x, d: 1}",
    ],
)
def test_a_key_whose_value_is_left_empty_on_purpose_is_read(text: str) -> None:
    assert read_yaml(text, SOURCE) is not None


@pytest.mark.parametrize(
    "line", ["- a" + " " * 200_000 + "b", "a" * 200_000, "\t" * 200_000, " -" + " " * 200_000, "{a: " * 50_000]
)
def test_a_line_without_end_is_looked_at_in_its_beginning(line: str) -> None:
    within(lambda: syntax_hint("mapping values are not allowed here", f"a: b\n{line}: c\n", 1), cpu_s=5.0)
