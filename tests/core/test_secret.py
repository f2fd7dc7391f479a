"""Values that are sent and never written."""

from __future__ import annotations

import json

import pytest
from pydantic import BaseModel

from datagen_cli.core.budget import within
from datagen_cli.core.secret import REFERENCE, Address, Secret


class Holder(BaseModel):
    headers: dict[str, Secret] = {}
    at: Address | None = None


def test_a_secret_becomes_a_placeholder_wherever_it_becomes_text() -> None:
    secret = Secret.written("planted")
    shown = [
        str(secret),
        repr(secret),
        f"{secret}",
        f"{secret!r:>20}",
        f"{[secret]}",
        json.dumps(str(secret)),
    ]
    assert [text for text in shown if "planted" in text] == []
    held = Holder.model_validate({"headers": {"X": "planted"}, "at": "https://h/v1?key=planted&api-version=2"})
    assert held.model_dump(mode="json") == {
        "headers": {"X": "[secret]"},
        "at": "https://h/v1?key=[secret]&api-version=2",
    }
    assert "planted" not in f"{held!r}{held}{held.model_dump()}{held.model_dump_json()}"
    with pytest.raises(TypeError):
        json.dumps(secret)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Bearer ${MY_KEY}", "Bearer ${MY_KEY}"),
        ("${MY_KEY}", "${MY_KEY}"),
        ("planted${MY_KEY}", "[secret]"),
        ("Bearer planted", "[secret]"),
    ],
)
def test_references_are_shown_as_written(written: str, shown: str) -> None:
    secret = Secret.written(written)
    assert (str(secret), str(secret.filled({"MY_KEY": "value"}))) == (shown, shown)
    assert secret.filled({"MY_KEY": "value"}).reveal() == written.replace("${MY_KEY}", "value")


def test_a_secret_is_recognised_by_its_words_and_without_percent_signs() -> None:
    assert {"Bearer planted%2Fkey", "planted%2Fkey", "planted/key"} <= set(Secret("Bearer planted%2Fkey").forms())
    assert "planted" in Secret("a=1&key=planted").forms()


def test_an_address_with_a_password_is_refused_without_it() -> None:
    with pytest.raises(ValueError, match="holds a user or password") as raised:
        Address.read("https://me:hunter2@h/v1")
    assert "hunter2" not in str(raised.value)


def test_references_that_do_not_end_are_looked_for_once() -> None:
    assert within(lambda: REFERENCE.findall("${" * 200_000), cpu_s=5.0) == []
    assert REFERENCE.findall("${A}${B_KEY}") == ["A", "B_KEY"]
