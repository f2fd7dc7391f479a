"""The drawings of the page as SVG files that stand alone."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from datagen_cli.cli.app import run
from datagen_cli.cli.eval_outputs import _beginnings

NAMESPACE = "{http://www.w3.org/2000/svg}"


def test_every_figure_is_a_whole_svg_file_with_its_colours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["generate", "quickstart", "-n", "8", "-o", str(tmp_path / "run"), "--quiet"]) == 0
    figures = tmp_path / "figures"
    assert run(["eval", str(tmp_path / "run"), "--metrics", "length", "--figures", str(figures)]) == 0
    said = capsys.readouterr().err
    names = {path.name for path in figures.iterdir()}
    words = {path.name: " ".join(ElementTree.parse(path).getroot().itertext()) for path in figures.iterdir()}
    assert "generated reference" in words["map.svg"]
    assert "words a text: reference" in words["words-a-text-reference.svg"]
    assert "calls-in-flight.svg" not in names  # the offline model has none
    assert {"map.svg", "words-a-text-dataset.svg", "words-a-text-reference.svg"} <= names
    for path in figures.iterdir():
        assert f"figure: {path}" in said
        root = ElementTree.parse(path).getroot()
        assert root.tag == f"{NAMESPACE}svg" and root.get("viewBox")
        drawn = [one for one in root.iter() if one.tag in (f"{NAMESPACE}path", f"{NAMESPACE}rect")]
        assert drawn and all(
            one.get("fill", "").startswith("#") or one.get("stroke", "").startswith("#") for one in drawn
        )


def test_each_of_several_datasets_has_figures_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [tmp_path / "a" / "set.jsonl", tmp_path / "b" / "set.jsonl", tmp_path / "other one.jsonl"]
    for n, file in enumerate(files):
        file.parent.mkdir(exist_ok=True)
        file.write_text("".join(f'{{"text": "{"word " * (n + 1)}"}}\n' for _ in range(3)))
    figures = tmp_path / "figures"
    assert run(["eval", *map(str, files), "--metrics", "length", "--figures", str(figures)]) == 0
    said = capsys.readouterr().err
    names = {path.name for path in figures.iterdir()}
    assert names == {f"{name}-words-a-text-dataset.svg" for name in ("set", "set-2", "other-one")}
    assert all(f"figure: {figures / name}" in said for name in names)
    drawn = {(figures / name).read_text() for name in names}
    assert len(drawn) == 3


def test_where_there_is_nothing_to_draw_that_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    command = ["eval", str(tmp_path / "empty.jsonl"), "--metrics", "length", "--figures", str(tmp_path / "figures")]
    assert run(command) == 0
    assert "no figure: nothing of what was measured can be drawn\n" in capsys.readouterr().err


def test_a_page_says_where_it_is_unless_it_should_be_quiet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "one text"}\n{"text": "another text"}\n')
    command = ["eval", str(tmp_path / "a.jsonl"), "--metrics", "length", "--html", str(tmp_path / "page.html")]
    assert run(command) == 0
    assert f"page: {tmp_path / 'page.html'}\n" in capsys.readouterr().err
    assert run([*command, "--quiet"]) == 0
    assert capsys.readouterr().err == ""


def test_no_two_datasets_share_the_names_of_their_figures() -> None:
    names = ["a.jsonl", "b/a.csv", "a-2.jsonl", "a.jsonl", "…"]
    assert _beginnings(names) == ["a-", "a-2-", "a-2-2-", "a-3-", "set-"]
