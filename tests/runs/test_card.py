"""The dataset card: whatever a recipe or a model says stays text in its place."""

from __future__ import annotations

import json
import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from datagen_cli.cli.app import run
from datagen_cli.runs.markdown import code, line, paragraphs, quoted
from tests.runs.whole import generate

markdown_it = pytest.importorskip("markdown_it")
# ruff: noqa: E501
HOSTILE = (
    "<script>alert(1)</script>", "![x](http://evil.example/p.png)", "[click](javascript:alert(1))", "a | b\n| c |", "`code` ``more``",
    "# heading", "- item\n- item", "1. one\n2) two", "> quote", "---", "===", "***", "~~~\nblock", "```\nblock\n```", "&lt;b&gt;",
    "text\n\n# heading after a line\n\n<img src=x onerror=y>", "\x1b[8mhidden\u202egnp", "\u200b\u2066x", "[ref]: http://evil.example 'x'",
    "**bold** _it_ ~~gone~~", "\\", "line\r# heading", "$$x$$ @somebody <http://evil.example>", "http://evil.example www.evil.example",
    "+ plus", "    indented", "\ttabbed", "x\n===", "x\n---", "\ud800",
)  # fmt: skip
PLAIN = {"inline", "text", "paragraph_open", "paragraph_close", "softbreak"}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_a_paragraph_and_nothing_else(text: str) -> None:
    reader = markdown_it.MarkdownIt("gfm-like", {"html": True, "linkify": False}).enable(["table", "strikethrough"])
    for written in (line(text), paragraphs(text)):
        tokens = [
            inner
            for token in reader.parse(f"before\n\n{written}\n\nafter\n")
            for inner in (token, *(token.children or ()))
        ]
        assert {token.type for token in tokens} <= PLAIN
        assert all(char.isprintable() or char == "\n" for char in written)
    cells = reader.parse(f"| a | b |\n| --- | --- |\n| {line(text)} | {code(text)} |\n")
    assert sum(token.type == "td_open" for token in cells) == 2
    assert [token.type for token in reader.parse(code(text))[1].children or ()] == ["code_inline"]
    assert "\n" not in yaml.safe_load(quoted(text))


def test_a_card_of_hostile_names_has_its_own_headings_only(tmp_path: Path) -> None:
    evil = "<b>x</b>\n\n# Evil\n\n| a | [x](http://evil.example) `y` |"
    recipe = {
        "version": 1, "name": "evil: {x}\n---\n# y", "description": evil, "model": "offline", "count": 3, "seed": 1,
        "fields": {"text": {"type": "text", "description": evil}, "kind|`": {"type": "label", "description": evil}},
        "label": {"field": "kind|`", "values": {"a\n# Evil": "one", "<img src=x>": "two"}},
        "attributes": {"<b>": ["x", "y"]},
    }  # fmt: skip
    (tmp_path / "r.yaml").write_text(json.dumps(recipe))
    code_ = generate(tmp_path / "r.yaml", "-o", tmp_path / "run")
    if code_ == 2:  # a name like this may be refused: then the rest is tried
        (tmp_path / "r.yaml").write_text(json.dumps({**recipe, "name": "evil"}))
        code_ = generate(tmp_path / "r.yaml", "-o", tmp_path / "run")
    assert code_ in (0, 3)
    front, card = (tmp_path / "run" / "README.md").read_text().removeprefix("---\n").split("\n---\n", 1)
    assert set(yaml.safe_load(front)) == {"pretty_name", "tags", "configs"}
    reader = markdown_it.MarkdownIt("commonmark").enable("table")
    tokens = reader.parse(card)
    names = [after.content for token, after in pairwise(tokens) if token.type == "heading_open"]
    assert [name for name in names if name.startswith("Evil")] == []
    every = {inner.type for token in tokens for inner in (token, *(token.children or ()))}
    assert every & {"html_block", "html_inline", "link_open", "image"} == set()


def test_a_card_tells_rejection_rates_planted_faults_limits_and_methods(tmp_path: Path) -> None:
    faults = "model={name: offline, faults: {refusal: 0.3, off_constraint: 0.3}}"
    assert generate("tickets", "-n", "12", "-o", tmp_path / "run", "--set", faults) == 0
    card = (tmp_path / "run" / "README.md").read_text()
    told = json.loads((tmp_path / "run" / "run.json").read_text())
    refused = told["rejected"]["refused"]
    share = 100 * refused / (12 + sum(told["rejected"].values()))
    assert f"| refused | {refused} | {share:.1f} % |" in card
    fates = told["planted"]["refusal"]
    assert fates["planted"] == fates["refused"] > 0
    assert f"| `refusal` | {fates['planted']} | 0 | 0 | {fates['refused']} refused |" in card
    for part in ("## Known limits", "no other model checked the records", "arXiv:2306.15895", "licences:"):
        assert part in card


def test_the_card_of_an_export_has_measures_with_their_sources(tmp_path: Path) -> None:
    assert generate("quickstart", "-n", "12", "-o", tmp_path / "run") == 0
    assert run(["export", str(tmp_path / "run"), "--to", "jsonl", "-o", str(tmp_path / "out.jsonl")]) == 0
    card = (tmp_path / "out.jsonl.README.md").read_text()
    section = card.partition("## Diversity, repeats, leakage\n")[2].partition("\n## ")[0]
    assert "| `self_bleu` | 0." in section and "arXiv:1802.01886" in section and "| `leakage` | " in section
    assert "Of all its records, beside word\\_problems.jsonl" in section
    assert card.count("## Diversity, repeats, leakage") == 1 and "## Known limits" in card
    assert "## What to do with it" not in card and str(tmp_path / "run") not in card


def test_the_card_of_a_run_has_the_commands_for_what_comes_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert generate("quickstart", "-n", "3", "-o", "my run") == 0
    section = Path("my run/README.md").read_text().partition("## What to do with it\n")[2].partition("\n## ")[0]
    commands = [shlex.split(found)[1:] for found in re.findall(r"`(datagen .*)`", section)]
    assert [words[0] for words in commands] == ["show", "show", "why", "view", "eval", "export", "prune"]
    names = {"ID": "0", "page.html": "page.html"}
    for words in commands:
        if words[0] not in ("view", "eval"):  # these take long, or go on until they are stopped
            assert run([names.get(word, word) for word in words]) == 0
    assert "makes what is missing" not in section and Path("train.jsonl").is_file()
