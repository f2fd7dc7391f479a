from __future__ import annotations

import pytest

from datagen_cli.text.strict_json import NotJson, loads, scan


def test_standard_json_is_read() -> None:
    assert loads('{"a": [1, 2.5, true, null, "\\ud83d\\ude00"]}') == {"a": [1, 2.5, True, None, "😀"]}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "expecting value"),
        ("{'a': 1}", "expecting property name"),
        ('{"a": NaN}', "NaN is not JSON"),
        ("[1e999]", "1e999 is out of range"),
        ('["\\ud800"]', "surrogate"),
        ("[" * 100_000, "nested too deeply"),
        ("9" * 5_000, "digits"),
        ("[1] [2]", "extra data"),
    ],
)
def test_what_is_no_json_has_one_kind_of_error(text: str, reason: str) -> None:
    with pytest.raises(NotJson, match=reason):
        loads(text)


def test_the_place_of_an_error_is_given() -> None:
    with pytest.raises(NotJson) as caught:
        loads('{"a": 1,\n "b" 2}')
    assert (caught.value.line, caught.value.column) == (2, 6)


def test_a_value_inside_a_text_is_found_with_its_end() -> None:
    assert scan('see {"a": 1} there', 4) == ({"a": 1}, 12)
    with pytest.raises(NotJson):
        scan("see {a} there", 4)
