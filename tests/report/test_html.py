"""Markup that data cannot break out of, and the charts made of it."""

from __future__ import annotations

import math

import pytest

from datagen_cli.report.charts import Histogram, Mark, counts_table, histogram, outcomes_table, strip
from datagen_cli.report.html import Html, join, tag, text
from datagen_cli.report.page import page, section


def test_text_is_escaped_and_markup_is_not() -> None:
    assert tag("b", "<i> & \"q\" 'a'") == "<b>&lt;i&gt; &amp; &quot;q&quot; &#x27;a&#x27;</b>"
    assert tag("p", tag("b", "x"), [tag("i", "y"), None], "z") == "<p><b>x</b><i>y</i>z</p>"
    assert join("<", Html("<br>"), None, ["&"]) == "&lt;<br>&amp;"


def test_attributes_are_escaped_and_empty_ones_left_out() -> None:
    made = tag("td", class_='a" onclick="x', aria_label="<", hidden=True, id=None, open=False, x=1.5)
    assert made == '<td class="a&quot; onclick=&quot;x" aria-label="&lt;" hidden x="1.5"></td>'


@pytest.mark.parametrize("strange", ["\x00", "\x1b[31m", "\ud800", "\x85"])
def test_what_no_page_may_hold_is_replaced(strange: str) -> None:
    assert text(f"a{strange}b").startswith("a�")
    text(strange).encode("utf-8")


def test_a_page_asks_nobody_and_runs_what_looks_at_its_tables_alone() -> None:
    made = page("<title>", tag("p", "hello"))
    assert made.startswith('<!doctype html>\n<html lang="en"><head>')
    assert "&lt;title&gt;" in made and made.count("<script") == 1 and "http:" not in made and "url(" not in made
    assert "prefers-color-scheme: dark" in made and "default-src 'none'" in made


def test_an_empty_section_is_none() -> None:
    assert section("x", None, []) is None
    assert section("x", "y") == "<section><h2>x</h2>y</section>"


def test_intervals_lie_on_one_scale_and_are_said_in_words() -> None:
    marks = [Mark(0.5, (0.0, 1.0), "s0", "a: 0.5"), Mark(1.0, None, "reference", "b: 1")]
    made = strip(marks)
    assert made is not None
    assert 'aria-label="a: 0.5; b: 1"' in made
    assert '<line x1="6" x2="194" y1="7" y2="7" class="range s0">' in made
    assert "<span>0</span><span>1</span>" in made
    assert '<circle cx="100"' in made and '<rect x="190"' in made
    assert strip([Mark(1.0, None, "s0", "one")]) is None
    assert strip([]) is None


@pytest.mark.parametrize(
    ("values", "reach", "scale"),
    [
        ((0.2, 0.8), (0.0, 1.0), "<span>0</span><span>1</span>"),  # of what there can be
        ((0.20, 0.21), (0.0, 1.0), "<span>0.2</span><span>0.21</span>"),  # or nothing could be told apart
        ((3.0, 1.5), (1.0, math.inf), "<span>1</span><span>3</span>"),
        ((900.0, 901.0), (1.0, math.inf), "<span>900</span><span>901</span>"),
        ((0.1, 0.4), (-1.0, 1.0), "<span>0</span><span>1</span>"),
        ((-0.1, 0.4), (-1.0, 1.0), "<span>-1</span><span>1</span>"),
        ((-2.0, 5.0), None, "<span>-2</span><span>5</span>"),
        ((0.9,), (0.0, 1.0), "<span>0</span><span>1</span>"),
        ((7.0,), (1.0, math.inf), None),  # a mark alone on no scale says nothing
        ((0.5, 0.5), (0.0, 1.0), None),
    ],
)
def test_the_scale_of_marks_is_all_there_can_be_where_they_still_lie_apart(
    values: tuple[float, ...], reach: tuple[float, float] | None, scale: str | None
) -> None:
    made = strip([Mark(value, None, "s0", "") for value in values], reach)
    assert made is None if scale is None else made is not None and scale in made


def test_the_tallest_bar_of_a_histogram_fills_it() -> None:
    made = histogram(Histogram(10, 5, [1, 0, 4]), (0, 25, 0.8), "words", "s0")
    assert made.count("<title>") == 2 and "<title>20 to 24: 4</title>" in made
    assert 'height="80"' in made and 'height="20"' in made


@pytest.mark.parametrize(
    ("bins", "width", "joined"),
    [
        (Histogram(4, 2, [1, 2, 3]), 4, Histogram(4, 4, [3, 3])),
        (Histogram(6, 2, [1, 2, 3, 4]), 4, Histogram(4, 4, [1, 5, 4])),
        (Histogram(7, 1, [5]), 8, Histogram(0, 8, [5])),
        (Histogram(4, 2, [1, 2]), 2, Histogram(4, 2, [1, 2])),
        (Histogram(5, 2, [1, 2]), 4, Histogram(5, 2, [1, 2])),  # they end nowhere where the wider ones do
    ],
)
def test_bins_are_joined_to_wider_ones_without_cutting_any(bins: Histogram, width: float, joined: Histogram) -> None:
    assert bins.joined(width) == joined


def test_tables_of_counts_hold_the_numbers_beside_the_bars() -> None:
    made = counts_table("Rows", ("label", "rows"), {"<a>": 1200, "b": 0})
    assert "&lt;a&gt;" in made and "1,200" in made and '<th scope="col" class="number">rows</th>' in made
    made = counts_table("Rows", ("label", "rows"), {"a": 3, "b": 1}, {"a": 0.5, "b": 0.5})
    assert "75\u00a0%" in made and "50\u00a0%" in made and '<th scope="col" class="number">share</th>' in made
    made = outcomes_table("Verdicts", ("pass", "fail"), {"code": {"pass": 3, "fail": 1}})
    assert 'class="bar good"' in made and 'class="bar bad"' in made
    assert 'width="150"' in made and 'width="50"' in made
    assert "NaN" not in outcomes_table("Verdicts", ("pass", "fail"), {"code": {}})
