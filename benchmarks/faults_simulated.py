"""What checks find and harm of faults that the simulated model plants: every validator on, and each alone.

Simulated: the faults are plain and the checkers answer from what they are told, so that these figures show that no part
of the pipeline lets a fault slip through, not how good a real checker is. Bars: found at least 0.98 of every fault with
everything on, and of the faults that a validator is made for with it alone; at most 0.01 of the clean records harmed.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from datagen_cli.cli.app import run

FOUND, HARMED = 0.98, 0.01
RATE = 0.07
FAULTS = (
    "wrong_label", "contradicted", "unsolvable", "off_constraint", "near_copy", "duplicate", "injected", "refusal",
    "malformed", "truncated",
)  # fmt: skip
PROBLEMS = """
version: 1
name: planted
description: Grade-school math word problems with one numeric answer, two to six steps of arithmetic.
base: {path: BASE}
fields: {question: question, answer: {column: answer, regex: '####\\s*(-?[\\d,.]*\\d)', type: number}}
label: {field: answer, quota: none}
models:
  generator: {name: offline, faults: {FAULTS}}
  coder: {name: offline, faults: none}
  solver: {name: offline, faults: none}
  reviewer: {name: offline, faults: none}
  extractor: {name: offline, faults: none}
  judge: {name: offline, faults: none}
count: COUNT
constraints:
  - length: {field: question, min_words: 8, max_words: 140, on_fail: drop}
  - pattern: {field: question, regex: '\\?$', on_fail: drop}
  - range: {field: answer, min: 0, on_fail: drop}
validators: [VALIDATORS]
dedup: {near: 0.8}
limits: {attempts_per_record: 20}
"""
VALIDATORS = {
    "code": "code: {question: question, answer: answer}",
    "solve": "solve: {question: question, answer: answer}",
    "search": "search: {fields: [question], sources: [corpus], corpus: facts.jsonl}",
    "reflect": "reflect: {rounds: 1}",
}


def simulated(count: int) -> Iterator[tuple[str, str, dict[str, int]]]:
    """(what is on, fault, counts) of every cell; the fault `clean` holds the clean records and those harmed."""
    alone = measured([], count)
    for name in ("generate", "constraints", "dedup"):
        for fault, counts in alone[name].get("faults", {}).items():
            yield name, fault, counts
    for name in ("all", *VALIDATORS):
        chosen = list(VALIDATORS.values()) if name == "all" else [VALIDATORS[name]]
        modules = measured(chosen, count)
        part = modules["run" if name == "all" else name]
        for fault, counts in part["faults"].items():
            yield name, fault, counts
        yield name, "clean", {"clean": part["clean"], "harmed": part["harmed"]}


def measured(validators: Sequence[str], count: int) -> dict[str, Any]:
    """The parts of a run with these validators, as `run.json` has them."""
    from datagen_cli.offline.quiz import facts

    base = Path(__file__).resolve().parents[1] / "recipes" / "data" / "word_problems.jsonl"
    with TemporaryDirectory() as folder:
        place = Path(folder)
        lines = [
            json.dumps({"title": country, "text": f"The capital of {country} is {city}."})
            for country, (city, *_) in facts("capital").items()
        ]
        (place / "facts.jsonl").write_text("\n".join(lines))
        recipe = PROBLEMS.replace("BASE", str(base)).replace("COUNT", str(count))
        recipe = recipe.replace("VALIDATORS", ", ".join(f"{{{one}}}" for one in validators))
        recipe = recipe.replace("FAULTS", ", ".join(f"{fault}: {RATE}" for fault in FAULTS))
        (place / "planted.yaml").write_text(recipe)
        printed, environ = io.StringIO(), {"XDG_CACHE_HOME": str(place / "cache")}
        with redirect_stdout(printed), redirect_stderr(printed), patch.dict(os.environ, environ):
            code = run(["generate", str(place / "planted.yaml"), "-o", str(place / "run"), "--quiet"])
        if code not in (0, 3):
            raise SystemExit(f"generate ended with {code}")
        found: dict[str, Any] = json.loads((place / "run" / "run.json").read_text())["modules"]
    return found


def table(cells: Sequence[tuple[str, str, dict[str, int]]]) -> list[str]:
    """The cells as lines of Markdown."""
    lines = ["| on | fault | planted | found | missed | unknown | clean | harmed |", "|---" * 8 + "|"]
    for name, fault, counts in cells:
        shown = [str(counts.get(key, "")) for key in ("planted", "found", "missed", "unknown", "clean", "harmed")]
        lines.append(f"| {name} | {fault} | {' | '.join(shown)} |")
    return lines


def missed_bars(cells: Sequence[tuple[str, str, dict[str, int]]]) -> list[str]:
    """What is below its bar, in words."""
    found = []
    for name, fault, counts in cells:
        if fault == "clean":
            if counts["harmed"] > HARMED * counts["clean"]:
                found.append(f"{name}: harmed {counts['harmed']} of {counts['clean']}")
        elif counts["found"] < FOUND * counts["planted"]:
            found.append(f"{name}: found {counts['found']} of {counts['planted']} {fault}")
    return found
