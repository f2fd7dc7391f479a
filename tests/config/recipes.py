"""Recipes that the tests of this folder start from, and a loader with nothing in the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datagen_cli.config.load import load_recipe
from datagen_cli.config.recipe import Recipe
from datagen_cli.core.errors import RecipeError

SMALL = """\
version: 1
name: small
description: short notes
fields:
  text: {type: text}
  kind: {type: label}
label: {field: kind, values: [a, b]}
model: offline
count: 5
"""

# The example of the contract, word for word.
FULL = r"""# yaml-language-server: $schema=../configs/recipe.schema.json
version: 1
name: fresh-gsm8k
description: >                      # goes into the prompts
  Grade-school math word problems with one numeric answer, two to eight steps of arithmetic.
method: instance                    # instance: new records · response: answers to the base's inputs · enhance: repairs weak ones
base: {path: train.jsonl, limit: 500, on_bad_row: stop}   # .jsonl .json .csv .tsv .parquet, or hf: openai/gsm8k + config, split, revision
fields:                             # ours: a column of the base, or what it is
  question: question
  answer: {column: answer, regex: '####\s*([-\d,.]+)', type: number}
label: answer
model: offline                      # or models: {generator: …, coder: …, solver: …, reviewer: …, extractor: …, judge: …}
count: 200                          # accepted, distinct records
seed: 7
examples: {strategy: clusters, k: 5}                 # clusters | random | none
attributes:
  topic: [money, travel, cooking]
  steps: {values: [2, 3, 4], weights: [2, 1, 1]}
  currency: {values: {usd: amounts in dollars, eur: amounts in euro}, when: {topic: [money]}}
  setting: {extract: 20}            # found in the base by the extractor, once
constraints:
  - length: {field: question, min_words: 15, max_words: 90}
  - pattern: {field: answer, regex: '^-?\d+(\.\d+)?$'}
  - language: {is: en}
  - ask: The problem has exactly one question.
validators:
  - code: {question: question, answer: answer, solutions: 3, on_fail: drop, on_unknown: drop}
  - solve: {question: question, answer: answer, attempts: 3}
  - search: {fields: [question], sources: [wikipedia, duckduckgo], on_fail: fix, on_unknown: keep}
  - reflect: {rounds: 2}
difficulty: {share: 0.3, operators: [paraphrase, add_context, more_steps]}
dedup: {threshold: 0.92, against: [accepted, base, ../gsm8k/test.jsonl, 'runs/nightly-*']}
sampling: {temperature: 0.9, top_p: 0.95}
limits: {concurrency: 32, max_cost: 5.0, attempts_per_record: 6}
"""  # noqa: E501


def write(folder: Path, text: str | bytes, name: str = "x.yaml") -> str:
    """A file in the folder; gives its name."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return name


def load(folder: Path, text: str | bytes, *overrides: str, **more: Any) -> Recipe:
    """The recipe of a text, written to `x.yaml` in the folder and read with the folder as working folder."""
    name = write(folder, text)
    return load_recipe(name, overrides=overrides, **{"environ": {}, "cwd": folder, **more})


def failure(folder: Path, text: str | bytes, *overrides: str) -> tuple[str, str, str]:
    """Place, message and hint of what is wrong with a recipe."""
    with pytest.raises(RecipeError) as caught:
        load(folder, text, *overrides)
    assert caught.value.exit_code == 2
    return str(caught.value.place or ""), caught.value.message, caught.value.hint
