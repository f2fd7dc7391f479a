"""What a built run asks of a model beside its words: the bounds of the reply."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from datagen_cli.config.load import load_recipe
from datagen_cli.pipeline.build import Built, build
from datagen_cli.pipeline.connect import identities

HEAD = "version: 1\nname: x\ndescription: short texts\nmodel: offline\ncount: 2\nbase: {path: rows.jsonl}\n"


def built_of(folder: Path, recipe: str, rows: list[dict[str, Any]]) -> Built:
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "x.yaml").write_text(HEAD + recipe)
    read = load_recipe("x.yaml", environ={}, cwd=folder)
    return build(read, identities(read))


def test_a_model_is_held_to_what_every_check_says_of_sizes_while_it_writes(tmp_path: Path) -> None:
    recipe = """
fields: {text: text, tags: {type: list}, score: {type: number}}
constraints:
  - length: {field: text, min_words: 3}
  - range: {field: score, min: 0, max: 10}
  - length: {field: tags, min_characters: 2}
validators:
  - schema:
      schema:
        properties:
          text: {minLength: 20, pattern: '^a'}
          tags: {minItems: 2.0, maxItems: 4, uniqueItems: true}
          score: {maximum: 5, minimum: -1}
          other: true
  - schema: {name: huge, on_fail: drop, schema: {properties: {text: {minLength: 9000}}}}
  - schema: {name: kept, on_fail: keep, schema: {properties: {tags: {minItems: 3}}}}
"""
    built = built_of(tmp_path, recipe, [{"text": "one two three", "tags": ["ab", "cd"], "score": 3}])
    form = built.chat.format(1)
    assert form is not None
    item = form["json_schema"]["schema"]["properties"]["records"]["items"]["properties"]
    assert item["tags"] == {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 4}
    assert type(item["tags"]["minItems"]) is int
    assert item["score"] == {"type": "number", "minimum": 0, "maximum": 5}
    assert item["text"] == {"type": "string", "minLength": 20}  # no server holds a model to 9,000 characters
