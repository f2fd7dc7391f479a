"""YAML read with lines, and without YAML's surprises."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from datagen_cli.config.tree import Source
from datagen_cli.config.yaml_lines import read_yaml, write_yaml
from datagen_cli.core.errors import Place, RecipeError


def plain(text: str | bytes) -> Any:
    node = read_yaml(text, Source("x.yaml"))
    return None if node is None else node.plain()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("True", "True"),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("12", 12),
        ("-3", -3),
        ("+4", 4),
        ("0", 0),
        ("010", "010"),
        ("0o10", "0o10"),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("12:30:00", "12:30:00"),
        ("2024-01-01", "2024-01-01"),
        ("~", None),
        ("null", None),
        ("'null'", "null"),
        ('"12"', "12"),
        ("!!str 12", "12"),
        ("!!float 3", 3.0),
        ("<<", "<<"),
        ("ünïcode ✓", "ünïcode ✓"),
    ],
)
def test_a_plain_scalar_is_what_yaml_1_2_says_and_no_more(text: str, value: Any) -> None:
    found = plain(f"a: {text}")["a"]
    assert (found, type(found)) == (value, type(value))


@given(
    st.text("0123456789eE.+-_xo~", max_size=16)
    | st.text(max_size=12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(10**20), 10**20)
    | st.booleans()
    | st.none()
)
@example("3816053e70822308")
@example("1e5")
def test_what_is_written_is_read_as_it_was(value: Any) -> None:
    """A digest of hex digits may look like a number, and a lock that holds one must be read."""
    if isinstance(value, str) and not value.isprintable():
        return
    found = plain(write_yaml({"a": value, "list": [value]}))
    assert found == {"a": value, "list": [value]} and type(found["a"]) is type(value)


def test_keys_become_text() -> None:
    assert plain("{1: a, true: b, 2.0: c, x: d}") == {"1": "a", "true": "b", "2": "c", "x": "d"}


def test_anchors_and_merge_keys_work_and_own_keys_win() -> None:
    text = "one: &one {a: 1, b: 1}\ntwo: {<<: *one, b: 2}\nthree: {<<: [{a: 3}, *one], c: *one}"
    assert plain(text)["two"] == {"a": 1, "b": 2}
    assert plain(text)["three"] == {"a": 3, "b": 1, "c": {"a": 1, "b": 1}}


def test_a_bom_is_passed_over_and_nothing_is_nothing() -> None:
    assert plain(b"\xef\xbb\xbfa: 1") == {"a": 1}
    assert [plain(text) for text in ("", "# only words\n", "---\n", "null")] == [None] * 4


def test_every_value_knows_its_line() -> None:
    root = read_yaml("a: 1\nb:\n  - c: x\n    d:\n      - y\n", Source("x.yaml", "/data"))
    assert root is not None
    paths = [("a",), ("b",), ("b", 0, "c"), ("b", 0, "d"), ("b", 0, "d", 0)]
    assert [node.line for path in paths if (node := root.at(path))] == [1, 2, 3, 4, 5]
    assert root.nearest(("b", 0, "missing", "x")).place == Place("x.yaml", 3)


MERGES = "a: &a {" + ", ".join(f"k{n}: 1" for n in range(1000)) + "}\nb:\n" + "  <<: *a\n" * 1000
"""Each line counts a thousand entries again: the first that are too many end it, not the last."""
BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "line", "message", "hint"),
    [
        ("a: 1\na: 2", 2, "a: given twice", "first given in line 1"),
        ("a: {b: 1, c: {d: 1, d: 2}}", 1, "a.c.d: given twice", "first given in line 1"),
        ("1: x\n'1': y", 2, "1: given twice", "first given in line 1"),
        (
            "a: !!python/object/apply:os.system [ls]",
            1,
            "the tag !!python/object/apply:os.system is not allowed",
            "a recipe holds text, numbers, booleans, lists and mappings only",
        ),
        (
            "a: !mine x",
            1,
            "the tag !mine is not allowed",
            "put text that starts with ! in quotes; a recipe holds text, numbers, booleans, lists and mappings only",
        ),
        ("a: !!int x", 1, "'x' does not fit its tag !!int", ""),
        ("a: 1\n---\nb: 2", 2, "holds several documents", "keep one, without a line `---` in the middle"),
        (
            "a: b: c",
            1,
            "not YAML: mapping values are not allowed in this context",
            "put text that holds `: ` in quotes",
        ),
        (
            "a: [1, 2\nb: 3",
            2,
            "not YAML: while parsing a flow sequence, did not find expected ',' or ']'",
            "close the [",
        ),
        ("a: x\0y", 1, "not YAML: holds a NUL byte", "is this a text file?"),
        ("a: 1\nb: \x01", 2, "not YAML: holds a control character", ""),
        (b"a: 1\nb: \xe9\n", 2, "not UTF-8 text", "save it as UTF-8"),
        ("a: 1".encode("utf-16"), 1, "not UTF-8 text", "save it as UTF-8"),
        ("a: *b", 1, "*b names no anchor above it", "put text that starts with * in quotes"),
        ("a: &a [*a]", 1, "*a contains itself", ""),
        (MERGES, 51, "grows beyond all measure through its aliases", "write the values out"),
        (BOMB, 5, "grows beyond all measure through its aliases", "write the values out"),
        ("[" * 3000, 1, "nested more than 50 levels deep", ""),
        (
            "? [a]\n: b",
            1,
            "a key must be text, found a list or a mapping",
            "put text that starts with [ or { in quotes",
        ),
        ("~: x", 1, "a key is empty", "write the key before the colon, in quotes if it is `null` or `~`"),
        ("<<: 3", 1, "<< takes a mapping or a list of mappings", ""),
        ("a: 1e999", 1, "1e999 is too large a number", ""),
        ("a: " + "9" * 5000, 1, "9" * 40 + "… is too long a number", "put it in quotes if it is text"),
        ("a: 0x" + "f" * 5000, 1, "0x" + "f" * 38 + "… is too long a number", "put it in quotes if it is text"),
        ("a: !!float " + "9" * 400, 1, "9" * 40 + " is too large a number", ""),
    ],
)
def test_what_is_refused_says_line_and_reason(text: str | bytes, line: int, message: str, hint: str) -> None:
    with pytest.raises(RecipeError) as caught:
        plain(text)
    assert (caught.value.message, caught.value.hint) == (message, hint)
    assert caught.value.place == Place("x.yaml", line)


@given(st.text() | st.binary() | st.text(alphabet="&*a!<>{}[]:,-?|#'\" \n\t1.~%@", max_size=40))
def test_any_text_is_read_or_refused(text: str | bytes) -> None:
    try:
        plain(text)
    except RecipeError as error:
        assert "\n" not in error.message


def test_the_depth_at_which_newer_parsers_give_up_is_told_as_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    mark = yaml.Mark("x", 0, 3, 0, None, 0)

    def gives_up(*_: object, **__: object) -> None:
        raise yaml.scanner.ScannerError("while increasing block level", mark, "exceeded maximum nesting depth", mark)

    monkeypatch.setattr(yaml, "parse", gives_up)
    with pytest.raises(RecipeError) as caught:
        plain("- " * 3000 + "x")
    assert (caught.value.message, caught.value.place) == ("nested more than 50 levels deep", Place("x.yaml", 4))
