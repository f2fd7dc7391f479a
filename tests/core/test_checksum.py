"""Lines with a checksum: whole, damaged, of another seed."""

from __future__ import annotations

import pytest

from datagen_cli.core.checksum import document_sum, has_sum, sealed, seed_of, whole, whole_object, without_sum

LINES = [b'{"unit":"000012.1","text":"\xc3\xbc"}', b'[1,2,"a","b",3,4,null]', b'{"a":{"crc":"00000000"}}']


def test_a_sum_is_the_last_item_of_a_json_line() -> None:
    assert sealed(b'{"a":1}') == b'{"a":1,"crc":"a702fc6e"}\n'
    assert sealed(b"[1,2]") == b'[1,2,"e907e236"]\n'


@pytest.mark.parametrize("line", LINES)
def test_one_byte_changed_anywhere_is_found(line: bytes) -> None:
    made = sealed(line, 7)
    assert whole(made, 7)
    assert not whole(made, 8)
    for place in range(len(made)):
        for bit in (1, 128):
            assert not whole(made[:place] + bytes([made[place] ^ bit]) + made[place + 1 :], 7)
        assert not whole(made[:place], 7)


def test_a_line_is_what_it_was_without_its_sum() -> None:
    line = LINES[0]
    assert without_sum(sealed(line)) == without_sum(sealed(line)[:-1]) == line
    assert without_sum(line) == line
    assert (has_sum(line), has_sum(sealed(line)), has_sum(LINES[2])) == (False, True, False)
    assert whole_object(sealed(line, 3), 3) == {"unit": "000012.1", "text": "ü"}
    assert whole_object(sealed(line, 3)) is None


def test_seeds_differ_with_their_text_and_documents_with_their_content_only() -> None:
    assert seed_of("a") != seed_of("b")
    assert document_sum({"a": 1, "b": [2.5, None]}) == document_sum({"b": [2.5, None], "a": 1})
    assert document_sum({"a": 1}) != document_sum({"a": 2})
