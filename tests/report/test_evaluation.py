"""The page of `eval`: everything that was computed stands in it, and nothing else does anything."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from datagen_cli.metrics.wording import unbroken
from datagen_cli.report.evaluation import evaluation_page
from datagen_cli.report.evidence import charts, exhibited
from datagen_cli.report.sheet import Sheet

EVIL = "<script>alert('x')</script>"
VOID = {"meta", "link", "input"}
SELF_BLEU = {
    "value": 0.4551, "interval": [0.411, 0.499], "direction": "lower", "signature": "n=4|tok=word|smooth=m1|N=200",
}  # fmt: skip
WORDS = {"p25": 30.0, "p75": 45.0, "min": 22, "max": 58, "histogram": {"start": 22, "width": 2, "counts": [1, 0, 3]}}


class Page(HTMLParser):
    """Reads a page; every end tag must close the tag that was opened last."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(source.replace("<wbr>", ""))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "action", "xlink:href")]
        assert not any(name.startswith("on") for name, _ in attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def result(name: str = "a.jsonl", **more: Any) -> dict[str, Any]:
    return {
        "dataset": name, "n": 200, "text_fields": ["question"], "label_field": "answer", "reference": None,
        "simulated": False, "metrics": {"self_bleu": SELF_BLEU}, "reference_metrics": {}, "gates": [], **more,
    }  # fmt: skip


def shown(
    *results: dict[str, Any], readings: dict[str, str] | None = None, texts: dict[str, str] | None = None
) -> Page:
    said = readings or {"self_bleu": "texts share many phrases"}
    source = evaluation_page([Sheet(one, said, exhibited(one, texts or {})) for one in results])
    page = Page(source)
    assert (
        page.open == []
        and all(link.startswith(("#", "data:")) for link in page.links)
        and page.tags.count("script") == 1
    )
    assert "http://" not in source and "https://" not in source
    return page


def test_the_values_intervals_readings_and_signatures_stand_there() -> None:
    text = shown(result()).text
    for part in ("Evaluation of a.jsonl", "200", "question", "answer", "self_bleu", "lower is better", "0.4551",
                 "0.411 – 0.499", "texts share many phrases", "n=4|tok=word|smooth=m1|N=200"):  # fmt: skip
        assert part in text
    assert "Simulated" not in text and "Gates" not in text and "Not measured" not in text


def test_simulated_data_is_called_that_first() -> None:
    text = shown(result(simulated=True)).text
    assert text.index("Simulated data") < text.index("Datasets")


def test_missing_measures_have_their_reason() -> None:
    metrics = {"self_bleu": SELF_BLEU, "mauve": {"value": None, "reason": "no reference given"}}
    text = shown(result(metrics=metrics)).text
    assert "Not measured" in text and "no reference given" in text
    nothing = shown(result(metrics={"vendi": {"value": None, "reason": "no rows"}}, n=0), readings={"x": ""}).text
    assert "no rows" in nothing and "95 %" not in nothing.replace("Intervals are 95 %", "")


def test_gates_say_whether_they_passed_and_why_not() -> None:
    gates = [
        {"gate": "self_bleu<=0.5", "passed": True, "value": 0.4551, "bound": 0.5},
        {"gate": "mauve>0.9", "passed": False, "reason": "no reference given"},
    ]
    text = shown(result(gates=gates)).text
    assert "1 of 2 failed" in text
    assert "✓ passed 0.4551, bound 0.5" in text and "✗ failed no reference given" in text
    assert text.index("✗ failed: mauve>0.9") < text.index("Measures")
    passed = shown(result(gates=gates[:1])).text
    assert "all 1 passed" in passed and passed.index("✓ the gate passed") < passed.index("Measures")


def test_what_a_tile_says_is_not_said_again() -> None:
    share = {"value": 0.25, "direction": "lower", "signature": "s", "detail": {"injection": 50}}
    said = {"safety": "a quarter", "self_bleu": "much alike"}
    text = shown(result(metrics={"self_bleu": SELF_BLEU, "safety": share}), readings=said).text
    assert text.count("25 % hold secrets") == 1 and text.count("a quarter") == 1  # the table's
    assert text.count("0.4551 self-BLEU") == 1 and text.count("much alike") == 2  # a number needs its words


def test_no_number_parts_from_its_unit() -> None:
    assert (
        unbroken("in 2 min 3 s, 33 % of 10 h and 4 hats") == "in 2\u00a0min 3\u00a0s, 33\u00a0% of 10\u00a0h and 4 hats"
    )


def test_several_datasets_are_columns_and_their_sizes_are_remarked_on() -> None:
    other = result("b.jsonl", n=50, metrics={"self_bleu": {"value": None, "reason": "needs at least 2 rows"}})
    page = shown(result(), other)
    assert "Evaluation of 2 datasets" in page.text
    assert "The datasets differ in size" in page.text
    assert "missing: needs at least 2 rows" in page.text
    assert "The datasets differ in size" not in shown(result(), result("b.jsonl")).text


def test_the_reference_stands_beside_its_dataset() -> None:
    own = {"self_bleu": SELF_BLEU | {"value": 0.2, "interval": [0.1, 0.3]}}
    source = evaluation_page(
        [Sheet(result(reference="b.jsonl", reference_n=52, reference_metrics=own), {"self_bleu": "w"}, ())]
    )
    assert 'aria-label="a.jsonl: 0.4551 (0.411 – 0.499); b.jsonl: 0.2 (0.1 – 0.3)"' in source
    assert "b.jsonl (52 rows)" in Page(source).text


def test_what_grows_with_n_is_drawn_beside_the_reference_at_equal_n() -> None:
    own = {"self_bleu": SELF_BLEU | {"value": 0.2, "interval": [0.1, 0.3]}}
    equal = {"self_bleu": SELF_BLEU | {"value": 0.25, "interval": [0.2, 0.3]}}
    given = result(reference="b.jsonl", reference_n=52, reference_metrics=own)
    source = evaluation_page([Sheet(given, {"self_bleu": "w"}, (), equal=equal)])
    assert 'aria-label="a.jsonl: 0.25 (0.2 – 0.3); b.jsonl: 0.2 (0.1 – 0.3)"' in source
    assert "0.4551" in Page(source).text and "drawn at 52 rows: 0.25" in Page(source).text


def test_distributions_and_verdicts_are_drawn() -> None:
    metrics = {
        "self_bleu": SELF_BLEU,
        "length": {"value": 38.7, "direction": "none", "signature": "", "detail": {"words": WORDS}},
        "balance": {"value": 0.9, "signature": "", "detail": {"labels": {"Sports": 150, "World": 50}}},
        "verified": {"value": 0.9, "signature": "", "detail": {"code": {"before": {"pass": 184, "fail": 12}}}},
        "correctness": {"value": 0.5, "signature": "", "detail": {"right": 5, "wrong": 5, "unknown": 0}},
    }
    page = shown(result(metrics=metrics), readings=dict.fromkeys(metrics, "words"))
    for part in ("Words a text", "half of the texts have 30 to 45 words", "Rows a label", "Sports 150", "code 184 12",
                 "Correctness"):  # fmt: skip
        assert part in page.text
    assert page.tags.count("figure") == 4


def test_lengths_that_are_all_alike_are_said_and_not_drawn() -> None:
    words = {"p25": 60, "p75": 60, "min": 60, "max": 60, "histogram": {"start": 60, "width": 1, "counts": [3]}}
    found = {"length": {"value": 60, "direction": "none", "signature": "", "detail": {"words": words}}}
    page = shown(result(metrics=found), readings={"length": "words"})
    assert "this dataset: every text has 60 words" in page.text and "svg" not in page.tags
    both = exhibited(result(metrics=found, reference_metrics={"length": {"detail": {"words": WORDS}}}), {})
    assert Page(str(charts(both, "s0"))).tags.count("svg") == 2


def test_a_comparison_says_better_worse_or_tie() -> None:
    metrics = {
        "self_bleu": {"value": 0.4, "other": 0.5, "difference": -0.1, "interval": [-0.2, -0.05], "verdict": "better"},
        "mauve": {"reason": "no reference given"},
    }
    text = shown(result(compare={"with": "b.jsonl", "n": 100, "metrics": metrics})).text
    assert "a.jsonl with b.jsonl, 100 rows of each" in text
    assert "0.4 0.5 -0.2 to -0.05 better" in text and "mauve no reference given" in text


def test_evidence_shows_the_first_rows_with_their_texts() -> None:
    leak = {
        "id": "7",
        "kind": "exact",
        "similarity": 1.0,
        "repeats": "12",
        "text": "How many?",
        "reference": "how many",
    }
    metrics = {
        "self_bleu": SELF_BLEU,
        "leakage": {"value": 0.1, "signature": "", "detail": {"evidence": [leak] * 15, "total": 223}},
        "near_duplicates": {"value": 0.1, "signature": "", "detail": {"pairs": [["1", "2", 0.97]], "total": 1}},
        "safety": {"value": 0.1, "signature": "",
                   "detail": {"evidence": [{"id": "3", "kind": "injection", "rule": "ignore", "shown": "Ignore all"}]}},
        "entity_overlap": {"value": 0.1, "signature": "", "detail": {"shared": ["Paris", "Ann"], "total": 30}},
    }  # fmt: skip
    text = shown(result(metrics=metrics), texts={"1": "first text", "2": "second text"}).text
    assert "the first 10 of 223" in text and text.count("How many ?") == 10
    for part in ("similarity 0.97", "first text", "second text", "injection: ignore", "Paris, Ann and 28 more"):
        assert part in text


def test_data_cannot_become_markup() -> None:
    leak = {"id": EVIL, "kind": "exact", "similarity": 1.0, "repeats": EVIL, "text": EVIL, "reference": EVIL}
    metrics = {
        "self_bleu": SELF_BLEU | {"signature": EVIL},
        EVIL: {"value": None, "reason": EVIL},
        "leakage": {"value": 1.0, "signature": "", "detail": {"evidence": [leak]}},
        "near_duplicates": {"value": 1.0, "signature": "", "detail": {"pairs": [[EVIL, "2", 0.9]]}},
        "balance": {"value": 1.0, "signature": "", "detail": {"labels": {EVIL: 1, "b": 1}}},
    }
    gates = [{"gate": EVIL, "passed": False, "reason": EVIL}]
    evil = result(EVIL, metrics=metrics, gates=gates, notes=[EVIL], text_fields=[EVIL], label_field=EVIL)
    page = shown(evil, evil, readings={"self_bleu": EVIL}, texts={EVIL: EVIL})
    assert page.text.count(EVIL) > 20


def test_wrong_answers_and_macro_f1_stand_on_the_page_and_long_texts_are_cut() -> None:
    rows = [{"id": "7", "found": "x" * 10**6, "gold": 3}]
    detail = {"right": 1, "wrong": 1, "unknown": 0, "macro_f1": 0.5, "rows": rows}
    measure = {"value": 0.5, "direction": "higher", "signature": "s", "detail": detail}
    page = shown(result(metrics={"correctness": measure}), texts={"7": "What is 1 + 2 ?"})
    assert "macro-F1 0.5" in page.text
    assert "row 7 text What is 1 + 2 ? in the dataset xxx" in page.text and "right 3" in page.text
    assert len(page.text) < 20_000


def test_a_share_of_some_rows_says_of_how_many() -> None:
    detail = {"right": 62, "wrong": 18, "unknown": 1920}
    measure = {"value": 0.775, "direction": "higher", "signature": "review|N=80", "detail": detail}
    assert "78 % are correct, of the 80 that are decided" in shown(result(metrics={"correctness": measure})).text
    all_of_them = measure | {"detail": detail | {"unknown": 0}}
    assert "that are decided" not in shown(result(metrics={"correctness": all_of_them})).text
