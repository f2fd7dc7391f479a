"""`datagen eval` for papers and for continuous integration: tables, JUnit, summaries, strictness, last night's run."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from datagen_cli.cli.app import run
from tests.evaluation.files import news, write
from tests.grids import mostly_slow

HOSTILE = "a&b_50%#$~^\\{}|<b>`x.jsonl"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    write(Path("a.jsonl"), news(60))
    write(Path("b.jsonl"), [{"text": "always the very same text", "label": "x"}] * 40)


def evaluate(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> tuple[str, str]:
    capsys.readouterr()
    assert run(["eval", *arguments]) == code
    captured = capsys.readouterr()
    return captured.out, captured.err


def test_a_csv_table_has_a_line_a_dataset_and_measure(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("a.jsonl"), news(200))
    write(Path("b.jsonl"), [{"text": "always the very same text", "label": "x"}] * 200)
    out, _ = evaluate(capsys, "a.jsonl", "b.jsonl", "--metrics", "self_bleu,mauve", "--table", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [(row["dataset"], row["measure"]) for row in rows] == [
        ("a.jsonl", "self_bleu"), ("a.jsonl", "mauve"), ("b.jsonl", "self_bleu"), ("b.jsonl", "mauve"),
    ]  # fmt: skip
    assert float(rows[0]["low"]) < float(rows[0]["value"]) < float(rows[0]["high"])
    assert (rows[2]["value"], rows[1]["reason"]) == ("1.0", "no reference given")


def test_a_markdown_table_has_a_column_a_dataset_and_names_the_sources(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = evaluate(capsys, "a.jsonl", "b.jsonl", "--metrics", "self_bleu,length,mauve", "--table", "md")
    lines = out.splitlines()
    assert lines[0] == "| measure | a.jsonl (60 rows) | b.jsonl (40 rows) |"
    assert lines[2].startswith(r"| self\_bleu ↓ | 0.")
    assert " (bound)] | " in lines[2]
    assert lines[2].endswith("| 1 |")
    assert r"Sources: self\_bleu: Zhu et al. 2018, arXiv:1802.01886." in lines
    assert "Missing in a.jsonl: mauve (no reference given)." in lines


@pytest.mark.parametrize(
    ("form", "said"),
    [("md", "s.jsonl (60 rows, simulated) |"), ("latex", "s.jsonl ($n=60$, simulated)"), ("csv", "true")],
)
def test_a_table_says_which_rows_are_simulated(form: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("s.jsonl"), [{**row, "simulated": True} for row in news(60)])
    out, _ = evaluate(capsys, "s.jsonl", "a.jsonl", "--metrics", "self_bleu,length", "--table", form)
    assert said in out
    if form == "csv":
        assert [row["simulated"] for row in csv.DictReader(io.StringIO(out))] == ["true", "true", "false", "false"]
    else:
        assert out.count("simulated") == 1


@pytest.mark.slow
def test_tables_show_what_grows_with_n_on_as_many_rows_of_each(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("many.jsonl"), news(400, 1))
    write(Path("few.jsonl"), news(100, 2))
    chosen = ("many.jsonl", "few.jsonl", "--metrics", "distinct_n,length")
    out, _ = evaluate(capsys, *chosen, "--table", "csv")
    rows = {(row["dataset"], row["measure"]): row for row in csv.DictReader(io.StringIO(out))}
    assert [(row["n"]) for row in rows.values()] == ["100", "400", "100", "100"]
    many, few = (float(rows[name, "distinct_n"]["value"]) for name in ("many.jsonl", "few.jsonl"))
    assert many == pytest.approx(few, rel=0.1)
    said = "On 100 rows of each, drawn at random, as they grow with the number of rows: distinct"
    for form in ("md", "latex"):
        assert said in evaluate(capsys, *chosen, "--table", form)[0]
    assert said not in evaluate(capsys, "few.jsonl", "few.jsonl", *chosen[2:], "--table", "md")[0]
    for more in ((), ("many.jsonl",)):  # a reference of fewer rows is a column, too
        beside = evaluate(capsys, "many.jsonl", *more, *chosen[2:], "--reference", "few.jsonl", "--table", "md")[0]
        assert said in beside
    whole = json.loads(evaluate(capsys, "many.jsonl", *chosen[2:], "--json")[0])
    assert whole["metrics"]["distinct_n"]["value"] < many * 0.9  # by itself it is measured whole


def test_tables_show_what_a_share_of_none_or_all_is_bounded_by(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("twice.jsonl"), [{"text": "the very same words in both of them"}] * 50)
    write(Path("apart.jsonl"), [{"text": " ".join(f"{place}{n}" for place in "abcdef")} for n in range(50)])
    chosen = ("--metrics", "near_duplicates", "apart.jsonl", "twice.jsonl")
    out, _ = evaluate(capsys, *chosen, "--table", "md", "--summary", "page.md")
    row = r"| near\_duplicates ↓ | 0 [≤ 0.0582 (bound)] | 1 [≥ 0.942 (bound)] |"
    assert row in out.splitlines()
    assert row in Path("page.md").read_text().splitlines()
    out, _ = evaluate(capsys, *chosen, "--table", "latex")
    assert r"& 0 [$\leq$ 0.0582 (bound)] & 1 [$\geq$ 0.942 (bound)]" in out
    out, _ = evaluate(capsys, *chosen, "--table", "csv")
    found = [(row["low"], row["bound_low"], row["bound_high"][:6]) for row in csv.DictReader(io.StringIO(out))]
    assert found == [("", "0.0", "0.0581"), ("", found[1][1], "1.0")]
    assert found[1][1].startswith("0.941")
    out, _ = evaluate(capsys, *chosen)
    assert "≤ 0.0582 (bound)" in out


def test_a_latex_table_cites_and_escapes_whatever_names_hold(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path(HOSTILE), news(30))
    out, _ = evaluate(capsys, HOSTILE, "--metrics", "self_bleu,ingf", "--table", "latex")
    head = next(line for line in out.splitlines() if line.startswith("Measure"))
    assert r"a\&b\_50\%\#\$\textasciitilde{}\textasciicircum{}\textbackslash{}\{\}\textbar{}" in head
    assert r"\textbar{}\textless{}b\textgreater{}`x.jsonl" in head
    assert r"ingf $\downarrow$~\cite{huang2024datagen,mishra2020dqi} & " in out
    assert "% @misc{zhu2018texygen,\n%   author = {Zhu, Yaoming and others},\n" in out
    body = [line for line in out.splitlines() if not line.startswith("%")]
    assert [line.count(" & ") for line in body if line.endswith(r"\\")] == [1, 1, 1]


def test_no_cell_of_a_csv_table_is_a_formula_and_no_name_breaks_a_markdown_table(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write(Path(" =cmd.jsonl"), news(10))
    write(Path(HOSTILE), news(10))
    out, _ = evaluate(capsys, " =cmd.jsonl", "--metrics", "length", "--table", "csv")
    assert out.splitlines()[1].startswith("' =cmd.jsonl,")
    out, _ = evaluate(capsys, HOSTILE, "--metrics", "length", "--table", "md")
    assert [line.replace(r"\|", "").count("|") for line in out.splitlines()[:3]] == [3, 3, 3]
    assert "<b>" not in out.replace(r"\<b\>", "")


def test_tables_go_to_standard_output_alone(capsys: pytest.CaptureFixture[str]) -> None:
    for beside in (["--json"], ["--html", "-"], ["--summary", "-"]):
        evaluate(capsys, "a.jsonl", "--table", "md", *beside, code=2)
    _, err = evaluate(capsys, "a.jsonl", "--table", "html", code=2)
    assert "--table: there is no form 'html'" in err


def test_gates_against_last_night(capsys: pytest.CaptureFixture[str]) -> None:
    held = ("--compare", "a.jsonl", "--metrics", "length")
    worse = ("--gate", "compare.self_bleu.worse<=0")
    out, _ = evaluate(capsys, "b.jsonl", *held, *worse, code=3)
    assert "FAILED: compare.self_bleu.worse<=0 (1, bound 0)" in out
    out, _ = evaluate(capsys, "a.jsonl", *held, *worse, "--gate", "compare.self_bleu.tie==1")
    assert "passed: compare.self_bleu.worse<=0 (0)" in out
    out, _ = evaluate(capsys, "b.jsonl", *held, "--gate", "compare.self_bleu.difference@high<=0.1", code=3)
    assert "FAILED: compare.self_bleu.difference@high<=0.1" in out


def test_a_comparison_without_a_verdict_fails_its_gate_and_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("one.jsonl"), [{"text": "one text alone"}])
    gates = ("--gate", "compare.leakage.worse<=0", "--gate", "compare.repetition.worse<=0")
    (line,) = evaluate(capsys, "one.jsonl", "--compare", "a.jsonl", *gates, "--json", code=3)[0].splitlines()
    assert json.loads(line)["gates"] == [
        {"gate": gate, "passed": False, "value": None, "bound": 0, "reason": reason}
        for gate, reason in zip(gates[1::2], ("no reference given", "too few rows for an interval"), strict=True)
    ]


@pytest.mark.parametrize(
    ("gate", "words"),
    [
        ("compare.length.worse<=0", "length is neither better nor worse"),
        ("compare.verified.worse<=0", "--compare has no measure 'verified'"),
        ("compare.self_bleu.worst<=0", "worse, better, tie, difference, value, other"),
        ("compare.self_bleu.worse@high<=0", "worse has no interval"),
        ("compare.self_bleu.value<=reference*2", "a gate on --compare has a number"),
        ("compare.aps.worse<=0", "depends on the embedder"),
        ("compare<=0", "compare.METRIC.WORD"),
        ("leakage.cosine<=0", "depends on the embedder"),
    ],
)
def test_gates_that_could_never_hold_are_two(gate: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert words in evaluate(capsys, "a.jsonl", "--compare", "b.jsonl", "--gate", gate, code=2)[1]
    assert "name it with --compare" in evaluate(capsys, "a.jsonl", "--gate", "compare.self_bleu.tie==1", code=2)[1]


def test_a_gate_on_leakage_does_not_depend_on_what_is_installed(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("near.jsonl"), [{"text": "Paris is in France"}, {"text": "an apple a day keeps doctors away"}])
    write(Path("base.jsonl"), [{"text": "In France is Paris"}, {"text": "nothing of the kind was ever seen"}])
    plain = ("near.jsonl", "--reference", "base.jsonl", "--metrics", "leakage", "--json")
    held = (*plain, "--gate", "leakage<=0")
    (out, err), named = evaluate(capsys, *held), ("--embedder", "hashed")
    assert "leakage: measured without embeddings" in err
    assert "cosine" not in json.loads(out)["metrics"]["leakage"]["signature"]
    assert "cosine" in json.loads(evaluate(capsys, *plain, *named)[0])["metrics"]["leakage"]["signature"]


def test_junit_has_a_case_a_gate_and_survives_any_name(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path(HOSTILE), news(10))
    gates = ("--gate", "length>=1", "--gate", "self_bleu<0", "--gate", "mauve>0", "--embedder", "hashed")
    evaluate(capsys, HOSTILE, "b.jsonl", "--metrics", "length", *gates, "--junit", "gates.xml", code=3)
    root = ElementTree.parse("gates.xml").getroot()
    assert (root.get("tests"), root.get("failures")) == ("6", "4")
    assert [suite.get("name") for suite in root] == [HOSTILE, "b.jsonl"]
    cases: list[Any] = root.findall("testsuite/testcase/failure")
    assert cases[1].get("message") == "no reference given"
    assert cases[0].get("message").endswith(", bound 0")


def test_a_summary_says_the_gates_first(capsys: pytest.CaptureFixture[str]) -> None:
    evaluate(capsys, "b.jsonl", "--metrics", "length", "--gate", "self_bleu<0.5", "--summary", "page.md", code=3)
    lines = Path("page.md").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "## ❌ Evaluation of b.jsonl"
    assert lines[2] == "1 of 1 gates failed."
    assert r"| ❌ failed | self\_bleu\<0.5 | 1, bound 0.5 | b.jsonl |" in lines
    evaluate(capsys, "b.jsonl", "--metrics", "length", "--gate", "length<9", "--summary", "page.md")
    assert Path("page.md").read_text(encoding="utf-8").startswith("## ✅ Evaluation of b.jsonl")


@pytest.mark.parametrize(
    ("arguments", "words"),
    mostly_slow(
        [
            (["broken.jsonl"], "1 row cannot be read and is left out"),
            (["a.jsonl", "--reference", "broken.jsonl"], "1 row cannot be read and is left out"),
            (["a.jsonl", "--compare", "broken.jsonl"], "1 row cannot be read and is left out"),
            (["a.jsonl", "--gold", "broken.jsonl"], "1 row cannot be read and is left out"),
            (["a.jsonl", "--metrics", "length,mauve"], "mauve is missing: no reference given"),
            (["two.jsonl"], "label is written in several ways"),
            (["a.jsonl", "--gold", "a.jsonl", "--metrics", "length"], "--gold does nothing"),
        ],
        0,
        4,
        5,
    ),
)
def test_strict_is_three_for_what_could_hide_a_problem(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "".join(json.dumps({"id": str(n), **row}) + "\n" for n, row in enumerate(news(20)))
    Path("broken.jsonl").write_text(rows + "{broken\n")
    write(Path("two.jsonl"), [{"text": f"text {n}", "label": label} for n, label in enumerate(["Sports", "sports"])])
    chosen = "length,correctness" if "--gold" in arguments else "length"
    arguments = [*arguments, *(() if "--metrics" in arguments else ("--metrics", chosen))]
    _, err = evaluate(capsys, *arguments)
    assert words in err or "mauve" in words
    out, err = evaluate(capsys, *arguments, "--strict", "--quiet", "--json", code=3)
    assert any(words in problem for problem in json.loads(out)["problems"])
    assert "--strict: " in err
    assert words in err
    page, _ = evaluate(capsys, *arguments, "--gate", "length>0", "--strict", "--summary", "-", code=3)
    assert page.startswith("## ❌ ") and "| ❌ failed | --strict | " in page and "✅ passed" in page


def test_strict_is_content_with_clean_rows_and_quiet_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = evaluate(capsys, "a.jsonl", "--metrics", "length", "--strict", "--quiet")
    assert out.startswith("a.jsonl: 60 rows")
    assert err == ""
    _, err = evaluate(capsys, "a.jsonl", "--metrics", "length", "--gate", "length<0", "--quiet", "--json", code=3)
    assert err.count("\n") == 1
    assert "FAILED: length<0" in err


def test_a_quiet_run_says_nothing_unless_it_ends_badly(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["generate", "tickets", "-n", "3", "-o", "run", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    never = ("--set", "model={name: offline, faults: {refusal: 1}}", "--set", "limits.attempts_per_record=1")
    assert run(["generate", "tickets", "-n", "2", "-o", "short", *never, "--quiet"]) == 3
    assert "resume with: " in capsys.readouterr().err


def test_progress_fits_on_one_line_of_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    from datagen_cli.cli import console

    monkeypatch.setattr(console, "is_terminal", lambda stream: True)
    monkeypatch.setenv("COLUMNS", "60")
    assert console.shortened("reading " + "a" * 200) == "reading " + "a" * 50 + "…"
    assert console.shortened("reading a.jsonl") == "reading a.jsonl"
    monkeypatch.setattr(console, "is_terminal", lambda stream: False)
    assert console.shortened("reading " + "a" * 200) == "reading " + "a" * 200


def test_nothing_is_said_of_the_work_between_the_lines_of_the_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []

    @contextmanager
    def listening(*, quiet: bool = False) -> Iterator[Callable[[str], None]]:
        yield said.append

    monkeypatch.setattr("datagen_cli.cli.eval.under_way", listening)
    monkeypatch.setattr("datagen_cli.cli.eval_outputs.show", lambda *_: said.append("the table"))
    write(Path("a.jsonl"), news(5))
    assert run(["eval", "a.jsonl", "--metrics", "length"]) == 0
    table = said.index("the table")
    assert said[table - 2 : table] == ["a.jsonl: gathering the results", ""]
