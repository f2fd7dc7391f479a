"""`private`: personal data and secrets are found in every text, masked or refused, and never repeated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from datagen_cli.cli.app import run
from datagen_cli.constraints.private import Private, PrivateOptions, private_rules
from datagen_cli.core.fields import FieldSpec

SPECS = {
    "text": FieldSpec("text"),
    "notes": FieldSpec("notes", "list", item_type="text"),
    "price": FieldSpec("price", "number"),
}
KEY = "sk-" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5bC7dE9fG1hJ"

OTHERS = ("malformed", "truncated", "duplicate", "refusal", "contradicted", "near_copy", "injected")


def private(**options: Any) -> Private:
    return Private(PrivateOptions(**options), SPECS)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (
            "Write to ann.lee@mail.org or to bob@mail.org today.",
            "Write to [e-mail address] or to [e-mail address] today.",
        ),
        ("My card is 4111 1111 1111 1111, thanks.", None),
        (f"The key is {KEY}.", None),
        ("Pay to GB82 WEST 1234 5698 7654 32 please.", None),
    ],
)
def test_what_is_private_is_masked_and_never_repeated(text: str, masked: str | None) -> None:
    verdict = private().check({"text": text, "notes": [], "price": 3})
    assert verdict.outcome == "fail" and verdict.fix
    fixed = verdict.fix["text"]
    assert masked is None or fixed == masked
    assert "[" in fixed and private().check({"text": fixed}).outcome == "pass"
    assert not any(part in verdict.detail + fixed for part in ("mail.org", "4111", KEY, "WEST"))


def test_items_of_lists_are_looked_at_and_other_fields_left_alone() -> None:
    verdict = private().check({"text": "fine", "notes": ["a@b.org", "fine"], "price": 4111111111111111})
    assert verdict.fix == {"notes": ["[e-mail address]", "fine"]}
    assert private(fields=["text"]).check({"text": "fine", "notes": ["a@b.org"]}).outcome == "pass"


def test_an_allowed_form_may_stand_and_an_unknown_one_is_refused_with_those_known() -> None:
    assert private(allow=["e-mail address"]).check({"text": "ann@mail.org"}).outcome == "pass"
    with pytest.raises(ValidationError, match=r"known: .*e-mail address"):
        PrivateOptions(allow=["email adress"])


@pytest.mark.parametrize("value", [None, "", 3, "Call me at noon, room 12, on 3 May 2024."])
def test_ordinary_values_pass(value: Any) -> None:
    assert private().check({"text": value, "notes": None}).outcome == "pass"


def test_every_form_ends_for_a_text_full_of_it() -> None:
    text = " ".join(f"user{number}@mail.org" for number in range(500))
    verdict = private().check({"text": text})
    assert verdict.fix and verdict.fix["text"] == " ".join(["[e-mail address]"] * 500)
    assert private_rules()


def test_a_run_masks_what_the_simulation_breaks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = {
        "version": 1, "name": "privates", "description": "Messages of customers.", "fields": {"text": {"type": "text"}},
        "model": {"name": "offline", "faults": {**dict.fromkeys(OTHERS, 0.0), "off_constraint": 0.5}},
        "count": 10, "constraints": ["private"],
    }  # fmt: skip
    (tmp_path / "r.yaml").write_text(yaml.safe_dump(recipe))
    assert run(["generate", str(tmp_path / "r.yaml"), "-o", str(tmp_path / "run"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    text = (tmp_path / "run" / "dataset.jsonl").read_text()
    assert found["accepted"] == found["calls"] == 10
    assert "[e-mail address]" in text and "@" not in text
