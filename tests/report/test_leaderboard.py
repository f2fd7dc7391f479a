"""The page of a bench: markup in names stays text, money is drawn where there is any, ties are said."""

from __future__ import annotations

import re
from typing import Any

from datagen_cli.bench.tables import as_csv, as_markdown
from datagen_cli.report.leaderboard import leaderboard_page

EVIL = "<script>alert(1)</script>"


def document(cost: float) -> dict[str, Any]:
    rows = [
        {
            "generator": name, "setting": "news", "n": 40, "seeds": 2, "yield": 0.9, "cost_usd": cost * (1 + place),
            "metrics": {
                "pgr[tstr]": {"value": 80.0 - place, "interval": [60.0, 90.0], "rank": 1, "pareto": place == 0},
            },
        }
        for place, name in enumerate(("one", EVIL))
    ]  # fmt: skip
    pair = {
        "setting": "news", "metric": "pgr[tstr]", "a": "one", "b": EVIL, "difference": 1.0, "interval": [-3.0, 5.0],
        "verdict": "tie", "times": 16.0,
    }  # fmt: skip
    return {
        "settings": "0" * 16, "simulated": True, "name": "b", "rows": rows, "pairs": [pair], "verdict": ["a tie"],
        "short": [{"generator": "third", "setting": "news", "reason": "seed 1 was not begun"}], "notes": ["a remark"],
    }  # fmt: skip


def test_markup_in_names_stays_text() -> None:
    page = leaderboard_page(document(0.5))
    assert page.count("<script") == 1 and "&lt;script&gt;" in page


def test_measures_of_students_are_told_in_words_beside_their_names() -> None:
    page = leaderboard_page(document(0.5) | {"verdict": ["by pgr[tstr] one leads"], "notes": ["news: no pgr[tstr]"]})
    assert "by gap closed in % (linear student) one leads" in page and "news: no gap closed" in page
    assert re.findall(r"<code>([^<]*)</code>", page).count("pgr[tstr]") == page.count("pgr[tstr]") == 1


def test_names_and_remarks_are_no_links_images_or_formulas() -> None:
    beacon = "![x](https://evil.example/b.png)"
    found = document(0.5)
    found["rows"][1]["generator"] = found["notes"][0] = beacon
    found["rows"][0]["generator"] = " =1+2"
    text = as_markdown(found)
    assert r"!\[x\](https\://evil.example/b.png)" in text
    assert "![" not in text and "https:" not in text
    assert as_csv(found).splitlines()[1].startswith("' =1+2,news,")


def test_what_there_is_to_say_is_said() -> None:
    page = leaderboard_page(document(0.5))
    for words in (
        "Simulated data",
        "seed 1 was not begun",
        "16.0 times as many",
        "a remark",
        "cost and quality",
        "#1=",
    ):
        assert words in page, words


def test_measures_that_rank_stand_first_and_each_is_explained() -> None:
    found = document(0.5)
    for row in found["rows"]:
        row["metrics"]["self_bleu"] = {"value": 0.5}
        row["metrics"]["accuracy[tstr]"] = {"value": 0.5, "interval": [0.4, 0.6]}
    page = leaderboard_page(found)
    ranking, others = page[page.index("Ranking") :].split("Other measures")
    assert "60.0 to 90.0" in ranking and "self_bleu" not in ranking and "$0.5" in ranking
    assert "self_bleu" in others and "0.4" in others and "$0.5" not in others.partition("</table>")[0]
    for words in ("from one that has read nothing (0)", "BLEU of each against all", "every label counting alike"):
        assert words in others
    for row in found["rows"]:
        del row["metrics"]["pgr[tstr]"]["rank"]
    page = leaderboard_page(found)
    assert "All measures" in page and "Ranking" not in page


def test_a_name_in_the_chart_of_money_has_room_beside_it() -> None:
    page = leaderboard_page(document(0.5))
    drawn = page[page.index('class="plane"') :].partition("</svg>")[0]
    assert "one" not in drawn and ">1</text>" in drawn and ">2</text>" in drawn
    assert "<li><bdi>one</bdi>: 80 for $0.5<span" in page and "none is better for less" in page


def test_many_pairs_are_there_when_they_are_asked_for() -> None:
    found = document(0.5)
    assert "<details>" not in leaderboard_page(found)
    found["pairs"] = found["pairs"] * 30
    assert "All 30 pairs" in leaderboard_page(found)


def test_without_money_there_is_no_chart_of_it() -> None:
    assert "cost and quality" not in leaderboard_page(document(0.0))
