"""What an endpoint repeats of a request, in whatever form and at whatever place, stands in no message and no reply."""

from __future__ import annotations

import base64
import codecs
import html
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from datagen_cli.cli.app import run
from datagen_cli.core.secret import Secret
from datagen_cli.core.traces import covered
from datagen_cli.llm.channel import hide
from datagen_cli.llm.completion import read_reply
from datagen_cli.llm.faults import TransportError, fault_in, redact
from datagen_cli.llm.openai_http import OpenAIHTTP
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
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal with colons": lambda text: text.encode().hex(":").upper(),
    "bytes": lambda text: ", ".join(map(hex, text.encode())),
    "numbers": lambda text: str(list(text.encode())),
    "bits": lambda text: " ".join(f"{byte:08b}" for byte in text.encode()),
    "escapes": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()),
    "escapes of JSON": lambda text: "".join(f"\\u{byte:04X}" for byte in text.encode()),
    "escapes in escapes": lambda text: json.dumps(json.dumps("\u200b".join(text))),
    "some escapes": lambda text: "".join(f"\\u00{ord(s):x}" if n % 2 else s for n, s in enumerate(text)),
    "octal escapes": lambda text: "".join(f"\\{byte:03o}" for byte in text.encode()),
    "entities": lambda text: "".join(f"&#{byte};" for byte in text.encode()),
    "every percent sign": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "percent signs of percent signs": lambda text: "".join(f"%25{byte:02x}" for byte in text.encode()),
    "capitals": str.upper,
    "signs without width between": "\u200b".join,
    "accents": "\u0301".join,
    "stars between": "**".join,
    "a list of letters": lambda text: json.dumps(list(text)),
    "wide signs": lambda text: "".join(chr(ord(sign) + 0xFEE0) for sign in text),
    "wide signs in escapes": lambda text: json.dumps("".join(chr(ord(sign) + 0xFEE0) for sign in text)),
    "backwards": lambda text: text[::-1],
    "base64 in lines": lambda text: "\\n".join(base64.b64encode(f"a{text}".encode()).decode()),
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "a piece": lambda text: text[9:34],
    "its beginning": lambda text: text[:18],
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


@pytest.mark.parametrize("key", [KEY, "planted-04-header", "sk-proj-AbCdEf1234567890ZZ"])
@pytest.mark.parametrize("form", FORMS)
def test_nothing_of_a_secret_is_left_between_what_hides_it(form: str, key: str) -> None:
    """Not more than a code of its first and last signs, which depends on what stands beside them."""
    shown = covered(f"refused ({FORMS[form](key)}) thanks", Secret(f"Bearer {key}").forms(), "[key]")
    if not form.startswith("cut") and len(key) > 20:
        assert "[key]" in shown
        assert len(shown) < len("refused ([key]) thanks") + 16, shown


@pytest.mark.parametrize("code", ["hexadecimal", "bytes", "entities", "signs without width between"])
def test_a_secret_is_hidden_before_a_sentence_is_cut_off(code: str) -> None:
    said, hidden = FORMS[code](KEY), Secret(KEY).forms()
    page = f"<title>{'x' * 20} {html.escape(said)}</title>"
    for body in (json.dumps({"error": {"message": f"{'x' * 240} {said}"}}), page, f"{'x' * 240} {said}"):
        assert said[:12] not in str(fault_in(400, {}, body.encode(), hidden, 0.0))
    with pytest.raises(TransportError) as found:
        read_reply(f"{'x' * 60} {said}".encode(), hidden)
    assert said[:12] not in str(found.value)


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("Synthetic customer support tickets", "Customer support tickets are answered by noon."),
        ("datagen tests, second round", "The second round of datagen tests went well."),
    ],
)
def test_a_header_of_several_words_takes_no_word_from_a_reply(header: str, text: str) -> None:
    assert hide(RawReply(text), Secret(header).forms()).text == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("https://shop.example.org", "See https://shop.example.com/parcels or https://www.shop-example.org."),
        ("customer-support", "The customer support team answers within two days."),
        ("datagen-benchmark-run", "Each benchmark of datagen is a benchmark run."),
        ("research-project-2026", "Our research project began in 2025, the next in 2026."),
        ("MyResearchProjectTitle2026", "my research project title: tell me yours"),
        ("application/json; charset=utf-8", "A server that says Content-Type: application/json, charset unknown."),
        ("api-version=2024-05-01-preview", "The API version of 2024-05-01 is out; a preview of another follows."),
        ("Mozilla/5.0 (X11; Linux x86_64)", "Mozilla wrote a page about Linux on x86-64 machines."),
    ],
)
def test_words_of_a_header_that_anybody_could_write_stay_in_a_text(value: str, text: str) -> None:
    assert redact(text, Secret(value).forms()) == text
    assert hide(RawReply(text), Secret(value).forms()).text == text


def test_a_run_keeps_records_that_hold_the_words_of_a_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "I wrote to the Customer support of https://shop.example.org, and nobody knew the open sesame of my parcel."
    monkeypatch.chdir(tmp_path)
    headers = "X-Title: Customer support, HTTP-Referer: 'https://shop.example.org', X-Pass-Phrase: open sesame"
    with Endpoint(lambda body, attempt: Answer(text=said)) as endpoint:
        recipe = RECIPE.replace('"URL"', f'"{endpoint.url}", headers: {{{headers}}}').replace("MINE_KEY", "null")
        Path("r.yaml").write_text(recipe)
        run(["generate", "r.yaml", "-n", "1", "-o", "out", "--quiet"])
    (row,) = (json.loads(line) for line in Path("out", "dataset.jsonl").read_text().splitlines())
    assert row["text"] == said.replace("open sesame", "[key]")


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


@pytest.mark.parametrize("debug", ["", "1"])
@pytest.mark.parametrize(
    "command", ["generate r.yaml -o out -v", "generate r.yaml -o out --json", "preview r.yaml -o out"]
)
def test_an_error_that_nobody_foresaw_shows_no_key(
    command: str, debug: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Such as a library's words about what it was to send."""

    def broken(self: OpenAIHTTP) -> None:
        raise RuntimeError(f"cannot send {self._headers} to {self._url}")

    monkeypatch.setattr(OpenAIHTTP, "_open", broken)
    monkeypatch.setenv("DATAGEN_DEBUG", debug)
    monkeypatch.setenv("MINE_KEY", "planted-01-own-key")
    monkeypatch.chdir(tmp_path)
    address = "http://127.0.0.1:9/v1?k=planted-02-query"
    recipe = RECIPE.replace('"URL"', f'"{address}", headers: {{X-One: planted-03-header}}')
    Path("r.yaml").write_text(recipe)
    assert run(command.split()) == 1
    told = capfd.readouterr()
    assert "unexpected RuntimeError: cannot send" in told.err
    written = [file.read_text("utf-8", "replace") for file in Path("out").rglob("*") if file.is_file()]
    assert [text for text in (told.out, told.err, *written) if "planted-0" in text] == []
