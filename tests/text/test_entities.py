"""What the entity rules find, and what they leave alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_cli.text.entities import TYPES, find_entities


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Then Dr. Jane Miller spoke.", [("person", "Jane Miller")]),
        ("He asked President Bush about it.", [("person", "Bush")]),
        ("Megan has apples.", [("person", "Megan")]),
        ("Trips from New York to San Diego", [("place", "New York"), ("place", "San Diego")]),
        ("Oil fell in NEW YORK today", [("place", "NEW YORK")]),
        ("They swam in Crystal Lake.", [("place", "Crystal Lake")]),
        ("a loan of the Bank of England's", [("organisation", "Bank of England")]),
        ("shares of Fujitsu Ltd and IBM", [("organisation", "Fujitsu Ltd"), ("organisation", "IBM")]),
        ("the old Xbox of his", [("name", "Xbox")]),
        ("paid $2.5 million, or 300 euros", [("money", "$2.5 million"), ("money", "300 euros")]),
        ("rose 14 percent to 20%", [("percent", "14 percent"), ("percent", "20%")]),
        ("on 3 May 2004 and August 20", [("date", "3 May 2004"), ("date", "August 20")]),
        ("since 1966, on Monday", [("date", "1966"), ("date", "Monday")]),
        ("at 3:30 p.m. or 10 am", [("time", "3:30 p.m."), ("time", "10 am")]),
        ("70,000 workers, 2nd of 3.5", [("number", "70,000"), ("number", "2nd"), ("number", "3.5")]),
    ],
)
def test_each_type_is_found(text: str, found: list[tuple[str, str]]) -> None:
    assert find_entities(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "Nothing here. Quantum leaps happen. The end.",
        "I think I'm right, and so does TV.",
        "In the beginning. However, it may be.",
        "you may go",
        "北京 は 東京",
    ],
)
def test_what_is_no_entity_is_left_alone(text: str) -> None:
    assert find_entities(text) == []


def test_entities_come_in_the_order_of_the_text_with_repeats() -> None:
    assert find_entities("He saw Paris on Monday, then Paris again.") == [
        ("place", "Paris"),
        ("date", "Monday"),
        ("place", "Paris"),
    ]


def test_a_function_word_before_a_name_is_not_part_of_it() -> None:
    assert find_entities("In Paris. The Beatles sang.") == [("place", "Paris"), ("name", "Beatles")]


def test_of_a_headline_only_what_is_sure_is_taken() -> None:
    found = find_entities("Big Oil Firm Wins Rights From IBM In Brazil After Long Wait")
    assert found == [("organisation", "IBM"), ("place", "Brazil")]


def test_a_place_of_two_words_is_one() -> None:
    assert find_entities("She flew from Hong Kong to New Orleans.") == [
        ("place", "Hong Kong"),
        ("place", "New Orleans"),
    ]


def test_markup_is_no_entity() -> None:
    assert find_entities("quot;bird quot; and Iraq #39;s army &lt;b&gt; &amp; <A HREF='x'> https://X.Com/A") == [
        ("place", "Iraq")
    ]


def test_names_in_other_alphabets_with_capitals_are_found() -> None:
    assert ("name", "Şule") in find_entities("ve sonra Şule geldi")
    assert ("name", "Анна") in find_entities("это сказала Анна")


@given(st.text(max_size=200))
def test_any_text_gives_known_types_and_strings_on_one_line(text: str) -> None:
    for kind, string in find_entities(text):
        assert kind in TYPES
        assert string == " ".join(string.split()) != ""
