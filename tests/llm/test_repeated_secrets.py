"""What an endpoint repeats of a request, in whatever form and at whatever place, stands in no message and no reply."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from datagen_cli.cli.app import run
from datagen_cli.core.secret import Secret
from datagen_cli.llm.channel import hide
from datagen_cli.llm.faults import redact
from datagen_cli.llm.provider import RawReply
from tests.endpoint import Answer, Endpoint

KEY = "planted-01/own+key=<AbCdEf1234567890>"
FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 behind a word": lambda text: base64.b64encode(f"Bearer {text}".encode()).decode(),
    "base64 behind a user": lambda text: base64.b64encode(f"me:{text}\n".encode()).decode(),
    "base64 of addresses": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "percent signs": lambda text: quote(text, safe=""),
    "small percent signs": lambda text: quote(text, safe="").lower(),
    "a page": html.escape,
    "JSON with other slashes": lambda text: text.replace("/", "\\/"),
    "JSON of Go": lambda text: text.replace("<", "\\u003c").replace(">", "\\u003e"),
    "two lines": lambda text: f"{text[:12]}\n  {text[12:]}",
    "cut off": lambda text: f"{text[:20]}…",
    "cut off and quoted": lambda text: f'"{text[:20]}" is no key',
}
RECIPE = """
version: 1
name: letters
description: Short letters to a shop.
fields: {text: {type: text}}
model: {name: any/m, base_url: "URL", api_key_env: MINE_KEY, timeout_s: 60, deadline_s: 60}
count: 1
limits: {patience_s: 0.1, attempts_per_record: 1}
"""


def _places(said: str) -> dict[str, Answer]:
    error = {"message": f"{'x' * 275} {said}"}
    return {
        "finish_reason": Answer("A fine letter.", finish_reason=said),
        "kind of content": Answer(body=b"\x00\x01", headers={"Content-Type": said}),
        "page under 200": Answer(body=f"<title>{'x' * 90} {said}</title>".encode()),
        "words under 200": Answer(body=said.encode()),
        "sentence cut off": Answer(status=400, body=json.dumps({"error": error}).encode()),
        "error under 200": Answer(body=json.dumps({"error": error}).encode()),
        "page cut off": Answer(status=400, body=f"<title>{'x' * 90} {said}</title>".encode()),
    }


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_hidden_in_every_form_in_which_it_is_repeated(form: str) -> None:
    shown = redact(f"refused: {FORMS[form](KEY)}", Secret(KEY).forms())
    assert shown.startswith("refused: ")
    assert "[key]" in shown
    assert len(shown) < len("refused: [key] is no key") + 10, shown


@pytest.mark.parametrize("form", [form for form in FORMS if not form.startswith("cut")])
def test_a_reply_that_repeats_a_secret_in_another_form_holds_it_no_more(form: str) -> None:
    said = FORMS[form](KEY)
    assert said not in hide(RawReply(f"Dear shop, {said} thanks"), Secret(KEY).forms()).text


def test_a_text_that_shares_its_beginning_with_a_secret_stays() -> None:
    text = "bonds of planted-01 trees; the planted one"
    assert redact(text, Secret("planted-01/own").forms()) == text


@pytest.mark.parametrize("place", _places(""))
def test_no_place_of_an_answer_brings_a_key_into_what_is_written(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    key = "planted-01-own-key-AbCdEf1234567890"
    monkeypatch.setenv("MINE_KEY", key)
    monkeypatch.chdir(tmp_path)
    with Endpoint(lambda body, attempt: _places(key)[place]) as endpoint:
        Path("r.yaml").write_text(RECIPE.replace("URL", endpoint.url))
        assert run(["generate", "r.yaml", "-o", "out", "--json"]) not in (0, 1)
        assert endpoint.requests[0].headers["Authorization"] == f"Bearer {key}"
    told = capfd.readouterr()
    written = {str(file): file.read_text("utf-8", "replace") for file in Path("out").rglob("*") if file.is_file()}
    written |= {"stdout": told.out, "stderr": told.err}
    assert [name for name, text in written.items() if key[:16] in text] == []
