"""What the parts of a recipe must agree on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.config.recipes import SMALL, failure, load

BASED = SMALL.replace("fields:", "base: {path: a.jsonl}\nfields:")


@pytest.mark.parametrize(
    ("added", "line", "message", "hint"),
    [
        (
            "method: response",
            10,
            "method: response needs a base: its rows are what is worked on (and 1 more problem)",
            "",
        ),
        ("write: [text]", 10, "write: goes with `method: response` and `method: enhance`", ""),
        (
            "examples: {k: 2}",
            10,
            "examples: come from a base, and there is none",
            "name a base, or write some: `examples: {inline: [{…}, …]}`",
        ),
        (
            "attributes: {a: {values: [x], when: {b: y}}, b: [y]}",
            10,
            "attributes.a.when.b: b must come before a",
            "move it up",
        ),
        (
            "attributes: {b: [yes, no], a: {values: [x], when: {b: noo}}}",
            10,
            "attributes.a.when.b: b has no value 'noo'",
            "did you mean no?",
        ),
        ("attributes: {a: [x, x]}", 10, "attributes.a: x is given twice", ""),
        ("attributes: {a: []}", 10, "attributes.a: values is empty", ""),
        (
            "attributes: {a: {values: [x], extract: 3}}",
            10,
            "attributes.a: needs exactly one of values, extract and ask",
            "",
        ),
        ("attributes: {a: {values: [x], weights: [1, 2]}}", 10, "attributes.a: 2 weights or counts for 1 values", ""),
        (
            "attributes: {text: {values: [x], emit: true}}",
            10,
            "attributes.text.emit: the record has a field text already",
            "give the attribute another name",
        ),
        (
            "attributes: {a: {extract: 3}}",
            10,
            "attributes.a.extract: finds values in a base, and there is none",
            "use ask, or give values",
        ),
        ("attributes: {a: [1, 2]}\npin: [{a: 3}]", 11, "pin[0].a: a has no value '3'", "known: 1, 2"),
        ("attributes: {abc: [1], pin: [{acb: 1}]}", 10, "pin[0].acb: no attribute 'acb'", "did you mean abc?"),
        (
            "attributes: {a: [x, y], b: {values: [z], when: {a: x}}}\npin: [{a: y, b: z}]",
            11,
            "pin[0].b: b is drawn only where a is x",
            "",
        ),
    ],
)
def test_parts_that_disagree_are_named(tmp_path: Path, added: str, line: int, message: str, hint: str) -> None:
    assert failure(tmp_path, SMALL + added) == (f"x.yaml:{line}", message, hint)


def test_method_response_needs_fields_to_write_and_to_answer(tmp_path: Path) -> None:
    text = BASED + "method: response\n"
    assert failure(tmp_path, text)[1] == "write: required by `method: response`"
    assert failure(tmp_path, text + "write: [txt]")[1:] == ("write[0]: no field 'txt'", "did you mean text?")
    assert failure(tmp_path, text + "write: [text, kind]")[1] == "write: leaves no field of the base to answer"
    assert load(tmp_path, text + "write: [text]").options.write == ["text"]


@pytest.mark.parametrize("way", ["threshold: 0.9", "near: 0.8, threshold: 0.9", "embedder: hashed"])
def test_embedding_neighbours_are_looked_for_among_so_many_records_only(tmp_path: Path, way: str) -> None:
    text = re.sub("count: .*", "count: 50001", SMALL) + f"dedup: {{{way}}}"
    name = "embedder" if "embedder" in way else "threshold"
    assert failure(tmp_path, text) == (
        "x.yaml:10",
        f"dedup.{name}: embedding neighbours are looked for among at most 50,000 records, and count is 50,001",
        "use `near` alone: it has no such bound",
    )
    assert load(tmp_path, text.replace("50001", "50000")).options.count == 50_000
    assert load(tmp_path, text.replace(way, "near: 0.8")).options.count == 50_001
