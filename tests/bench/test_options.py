"""What the command line of a bench says: variants with commas of their own, names, generators' options."""

from __future__ import annotations

from pathlib import Path

import pytest

from datagen_cli.bench.options import read_models, read_vary, slug
from tests.bench.running import NEWS, SEEDS, bench, row_of


def test_commas_inside_brackets_and_quotes_part_nothing() -> None:
    assert read_vary(["a.b=1,[2,3],{c: 4, d: 5},'x,y',null"]) == {
        "a.b": ["1", "[2,3]", "{c: 4, d: 5}", "'x,y'", "null"]
    }


def test_models_are_called_by_their_stem_and_twice_the_same_is_told_apart() -> None:
    assert read_models(["x/small.yaml", "openai/a", "openai/a", "reviewer=openai/b"]) == (
        {"small": "x/small.yaml", "openai/a": "openai/a", "openai/a (2)": "openai/a"},
        {"reviewer": "openai/b"},
    )


def test_a_folders_name_is_safe() -> None:
    assert slug("../a b/c:d") == "a-b-c-d" and slug("…") == "cell" and len(slug("x" * 200)) == 60


@pytest.mark.slow
def test_an_option_of_the_generator_varies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    vary = "models.generator.faults.wrong_label=0,0.6"
    code, found, _ = bench(capsys, NEWS, "-m", "offline", "--vary", vary, "-n", "40", *SEEDS)
    assert code == 0
    right, wrong = (row_of(found, f"offline [models.generator.faults.wrong_label={v}]") for v in ("0", "0.6"))
    assert right["metrics"]["correctness"]["value"] == 1 > wrong["metrics"]["correctness"]["value"]
