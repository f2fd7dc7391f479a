"""`datagen eval` as a user and a script see it: JSON, table, gates, exit codes, odd files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from datagen_cli.cli.app import run
from tests.evaluation.files import news, write
from tests.runs.whole import generate

HASHED = ("--embedder", "hashed")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def asked(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert run(["eval", *map(str, arguments), *HASHED, "--json"]) == code
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_json_holds_what_was_measured(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("a.jsonl"), news(60))
    write(Path("b.jsonl"), news(80, 1))
    (found,) = asked(capsys, "a.jsonl", "--reference", "b.jsonl")
    assert (found["dataset"], found["reference"], found["n"]) == ("a.jsonl", "b.jsonl", 60)
    assert found["metrics"]["self_bleu"]["value"] > 0
    assert found["metrics"]["student"]["value"] > 0.9
    assert found["reference_metrics"]["vendi"]["signature"] == found["metrics"]["vendi"]["signature"]
    assert found["gates"] == []


def test_several_datasets_are_one_object_a_line_and_any_failed_gate_is_three(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write(Path("a.jsonl"), news(60))
    write(Path("b.jsonl"), [{"text": "always the same text"}] * 20)
    gates = ("--metrics", "length", "--gate", "self_bleu<=0.7")
    found = asked(capsys, "a.jsonl", "b.jsonl", *gates, code=3)
    assert [item["dataset"] for item in found] == ["a.jsonl", "b.jsonl"]
    assert [item["gates"][0]["passed"] for item in found] == [True, False]
    assert list(found[0]["metrics"]) == ["self_bleu", "length"]
    assert asked(capsys, "a.jsonl", *gates)[0]["gates"][0]["passed"] is True


def test_the_table_reads_in_words_and_missing_measures_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("a.jsonl"), news(60))
    assert run(["eval", "a.jsonl", *HASHED, "--gate", "self_bleu<0.1", "--gate", "mauve>0.5"]) == 3
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert lines[0] == "a.jsonl: 60 rows · text: text · label: label"
    assert any(line.split() == ["measure", "value", "95", "%", "reading"] for line in lines)
    assert any(line.startswith("self_bleu") and "phrases" in line for line in lines)
    missing = [line for line in lines if line.startswith("missing: ")]
    assert len(missing) == 1
    assert "(no reference given)" in missing[0]
    assert any(line.startswith("FAILED: self_bleu<0.1 (0.") for line in lines)
    assert "FAILED: mauve>0.5 (no reference given)" in lines
    assert run(["eval", "a.jsonl", *HASHED, "--metrics", "length"]) == 0
    assert (
        "next: datagen eval a.jsonl " + " ".join([*HASHED, "--metrics length --html report.html\n"])
        in capsys.readouterr().err
    )


def test_a_run_folder_is_measured_against_its_base(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    no_faults = "model={name: offline, faults: none}"
    assert generate("quickstart", "-n", "12", "-o", tmp_path / "run", "--set", no_faults) == 0
    (found,) = asked(capsys, "run")
    assert (found["reference"], found["simulated"], found["n"]) == ("word_problems.jsonl", True, 12)
    constraints = found["metrics"]["constraints"]
    assert constraints["detail"]["length"]["after"] == {"pass": 12}
    assert found["metrics"]["leakage"]["value"] == 0
    assert found["metrics"]["verified"]["reason"] == "the run has no validators"
    ids = [json.loads(line)["id"] for line in (tmp_path / "run" / "dataset.jsonl").open()]
    decisions = [{"id": ids[0], "decision": "keep"}, {"id": ids[1], "decision": "reject", "reason": "wrong"}]
    write(tmp_path / "run" / "review.jsonl", decisions)
    (found,) = asked(capsys, "run", "--metrics", "correctness")
    assert found["metrics"]["correctness"]["value"] == 0.5


def test_gold_labels_tell_what_is_right(capsys: pytest.CaptureFixture[str]) -> None:
    rows = news(20)
    write(Path("gold.jsonl"), rows)
    write(Path("a.jsonl"), [{**row, "label": "sport"} for row in rows])
    (found,) = asked(capsys, "a.jsonl", "--gold", "gold.jsonl", "--metrics", "correctness")
    assert found["metrics"]["correctness"]["value"] == sum(row["label"] == "sport" for row in rows) / 20


def test_another_dataset_is_compared_with(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("a.jsonl"), news(60))
    write(Path("b.jsonl"), [{"text": f"the same old story again {n % 4}"} for n in range(60)])
    flags = ("--compare", "b.jsonl", "--metrics", "self_bleu,length")
    (found,) = asked(capsys, "a.jsonl", *flags)
    assert found["compare"]["with"] == "b.jsonl"
    assert found["compare"]["metrics"]["self_bleu"]["verdict"] == "better"
    assert run(["eval", "a.jsonl", *flags, *HASHED]) == 0
    shown = capsys.readouterr().out
    assert "compared with b.jsonl, 60 rows of each" in shown
    assert any(line.startswith("self_bleu") and line.endswith("better") for line in shown.splitlines())


def test_detail_is_written_whole(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("a.jsonl"), [{"text": f"twin number {n // 2} of a row in this file"} for n in range(60)])
    flags = ("--metrics", "near_duplicates", "--detail", "all.jsonl")
    (found,) = asked(capsys, "a.jsonl", *flags)
    assert len(found["metrics"]["near_duplicates"]["detail"]["pairs"]) == 20
    whole = json.loads(Path("all.jsonl").read_text())["metrics"]["near_duplicates"]["detail"]
    assert len(whole["pairs"]) == whole["total"] == found["metrics"]["near_duplicates"]["detail"]["total"] >= 30


@pytest.mark.parametrize("content", ["", '{"text": "one row"}\n', '{"text": "x"}\n' * 3, '{"a": 1}\n', "[1]\n{}\n"])
def test_odd_files_give_reasons_and_end_well(content: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.jsonl").write_text(content)
    write(Path("b.jsonl"), news(40))
    (found,) = asked(capsys, "a.jsonl", "--reference", "b.jsonl")
    for measure in found["metrics"].values():
        assert measure.get("reason") or isinstance(measure["value"], float)
    assert run(["eval", "a.jsonl", *HASHED]) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["none.jsonl"], "none.jsonl: no such file or folder"),
        (["a.jsonl", "--gate", "selfbleu<1"], "there is no measure 'selfbleu'"),
        (["a.jsonl", "--metrics", "selfbleu"], "there is no measure 'selfbleu'"),
        (["a.jsonl", "--gates", "none"], "cannot be read"),
        (["a.jsonl", "--text", "txt"], "no row has a column 'txt'"),
        (["a.jsonl", "--reference", "none.jsonl"], "no such file"),
        (["a.jsonl", "--recheck"], "--recheck needs a recipe"),
        (["a.jsonl", "--recheck", "--recipe", "alpaca_response"], "no check that finds an answer"),
        (["a.jsonl", "--recheck", "--gold", "a.jsonl"], "name one of them"),
        (["a.jsonl", "--html", "none/x.html"], "error: none: --html: there is no such folder"),
        (["a.jsonl", "--html", "."], "--html: a folder is in the way"),
        (["a.jsonl", "--detail", "none/x.jsonl"], "error: none: --detail: there is no such folder"),
        (["a.jsonl", "--html", "-", "--json"], "only one of --json, --table, --detail -, --html -"),
        (["a.jsonl", "--embedder", "nonsense"], "unknown embedder 'nonsense'"),
        ([], "missing argument"),
    ],
)
def test_what_the_user_got_wrong_is_two_and_says_what(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write(Path("a.jsonl"), news(5))
    assert run(["eval", *arguments]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert "Traceback" not in error


def test_a_recipe_names_the_label(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("a.jsonl"), [{"text": "a b", "category": "x"}, {"text": "c d", "category": "y"}])
    Path("r.yaml").write_text(
        "version: 1\nname: r\ndescription: d\nmodel: offline\ncount: 2\n"
        "fields: {text: {type: text}, category: {type: label}}\nlabel: category\n"
    )
    (found,) = asked(capsys, "a.jsonl", "--recipe", "r.yaml", "--metrics", "balance")
    assert (found["label_field"], found["text_fields"]) == ("category", ["text"])


def test_vectors_are_kept_between_runs(tmp_path: Path) -> None:
    from datagen_cli.evaluation.embedding import open_for_eval
    from datagen_cli.text.embed import vector_cache

    assert vector_cache() == tmp_path / "cache" / "datagen" / "vectors.sqlite"
    embedder = open_for_eval("hashed", lambda text: None)
    assert embedder.encode([f"text {n}" for n in range(300)]).shape == (300, embedder.dim)


def test_texts_are_embedded_by_length_and_come_back_in_order() -> None:
    from datagen_cli.evaluation.embedding import ProgressEmbedder

    class Lengths:
        name, signature, default_threshold, dim = "lengths", "lengths-1", 0.9, 1
        asked: ClassVar[list[int]] = []

        def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
            self.asked.extend(map(len, texts))
            return np.array([[len(text)] for text in texts], dtype=np.float32)

        def close(self) -> None: ...

    texts = ["x" * (n * 7 % 31) for n in range(60)]
    found = ProgressEmbedder(Lengths(), lambda _: None, 8).encode(texts)
    assert found[:, 0].tolist() == [len(text) for text in texts]
    assert Lengths.asked == sorted(map(len, texts))


def test_embedding_says_how_far_it_is_and_how_long_the_rest_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    from datagen_cli.evaluation.embedding import ProgressEmbedder
    from datagen_cli.text.embed_hashed import Hashed

    clock = [100.0]

    class Slow(Hashed):
        def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
            clock[0] += 0.5 * len(texts)
            return super().encode(texts)

    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    told: list[str] = []
    ProgressEmbedder(Slow(), told.append, 100).encode(["few"] * 7)
    assert told == ["embedding 7 texts by hashed", "embedded 7 texts by hashed; computing with them"]
    told.clear()
    ProgressEmbedder(Slow(), told.append, 100).encode([f"text {n:03}" for n in range(300)])
    assert told == [
        "embedding by hashed: 0 of 300 texts",
        "embedding by hashed: 100 of 300 texts, about 1 min 40 s left",
        "embedding by hashed: 200 of 300 texts, about 50 s left",
        "embedded 300 texts by hashed; computing with them",
    ]
    told.clear()
    ProgressEmbedder(Slow(), told.append, 1000).encode([f"text {n:04}" for n in range(2000)])
    assert told[1].endswith("1,000 of 2,000 texts, about 8 min 20 s left (--embedder hashed: in seconds)")


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file stands where the folder should be")
    write(Path("a.jsonl"), news(5))
    assert run(["eval", "a.jsonl", *HASHED, "--metrics", "aps"]) == 0


def test_html_is_one_file_beside_the_table_and_never_half(capsys: pytest.CaptureFixture[str]) -> None:
    evil = "<script>alert(1)</script> said the page"
    write(Path("a.jsonl"), [{"text": evil}, {"text": evil}, *news(20)])
    write(Path("b.jsonl"), news(20))
    chosen = ("--metrics", "self_bleu,near_duplicates,length,balance,leakage")
    assert run(["eval", "a.jsonl", "b.jsonl", "--reference", "a.jsonl", *chosen, *HASHED, "--html", "out.html"]) == 0
    assert "self_bleu" in capsys.readouterr().out
    page = Path("out.html").read_text(encoding="utf-8")
    for part in ("Evaluation of 2 datasets", "a.jsonl", "b.jsonl", "Words a text", "Rows that repeat the reference"):
        assert part in page
    assert (
        "&lt;script&gt;alert(1)" in page
        and "<script>alert" not in page
        and "http" not in page.replace("http-equiv", "")
    )
    assert sorted(path.name for path in Path().glob("*out*")) == ["out.html"]


def test_html_and_detail_go_to_standard_output_instead_of_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("a.jsonl"), news(10))
    assert run(["eval", "a.jsonl", "--metrics", "length", "--html", "-"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("<!doctype html>") and out.endswith("</html>\n")
    assert run(["eval", "a.jsonl", "--metrics", "length", "--detail", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["metrics"]["length"]["value"] > 0


def test_a_page_of_nothing_measured_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("a.jsonl"), [])
    assert run(["eval", "a.jsonl", *HASHED, "--html", "out.html"]) == 0
    assert "no rows" in Path("out.html").read_text(encoding="utf-8")


def test_a_reading_against_a_smaller_reference_is_at_equal_size(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("a.jsonl"), news(80))
    write(Path("b.jsonl"), news(80)[:20])
    assert run(["eval", "a.jsonl", "--reference", "b.jsonl", "--metrics", "self_bleu,length"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line}
    assert "against" in lines["self_bleu"] and lines["self_bleu"].endswith("at equal n)")
    assert "at equal n" not in lines["length"]


def test_names_cannot_hide_or_turn_what_the_terminal_shows(capsys: pytest.CaptureFixture[str]) -> None:
    name = "te\x1b[8mxt\u202e"
    write(Path("a.jsonl"), [{name: f"some text {n}"} for n in range(12)])
    assert run(["eval", "a.jsonl", "--metrics", "length,leakage"]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown and "\u202e" not in shown
    assert "te\\u001b[8mxt\\u202e" in shown


def test_a_gate_on_embeddings_wants_an_embedder(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("a.jsonl"), news(20))
    assert run(["eval", "a.jsonl", "--gate", "vendi>=1"]) == 2
    assert "--embedder" in capsys.readouterr().err
    assert run(["eval", "a.jsonl", "--gate", "vendi>=1", *HASHED]) == 0
    assert "embedder: hashed" in capsys.readouterr().out


def test_a_failed_gate_prints_its_bound(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("a.jsonl"), news(20))
    assert run(["eval", "a.jsonl", "--metrics", "length", "--gate", "length<=1.5"]) == 3
    assert "bound 1.5" in capsys.readouterr().out


def test_a_failed_gate_is_said_on_stderr_beside_json(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("a.jsonl"), [{"text": "one two"}, {"text": "three four"}])
    assert (
        run(["eval", "a.jsonl", "--metrics", "length", "--gate", "length<=1.5", "--gate", "length<=9", "--json"]) == 3
    )
    out, err = capsys.readouterr()
    assert out.count("\n") == 1
    assert err.count("FAILED") == 1
    assert "a.jsonl: FAILED: length<=1.5 (2, bound 1.5)" in err
