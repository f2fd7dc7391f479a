"""`datagen list`: everything with a line of words, nothing imported for it."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from datagen_cli.catalog import CATALOG
from datagen_cli.cli.list import kinds, list_things, show_list
from datagen_cli.core.errors import UsageError


def test_everything_of_the_catalog_is_listed_with_words() -> None:
    everything = list_things(None)
    assert list(everything) == ["recipes", "models", *CATALOG]
    for kind, table in CATALOG.items():
        assert [row["name"] for row in everything[kind]][: len(table)] == list(table)
    written = " ".join(row["about"] for rows in everything.values() for row in rows)
    assert [word for word in ("See the", "Provider of", "`target", "`address", "`words`") if word in written] == []
    silent = [(kind, row["name"]) for kind, rows in everything.items() for row in rows if len(row["about"]) < 10]
    assert silent == []


def test_one_kind_is_listed_alone() -> None:
    result = list_things("recipes")
    assert list(result) == ["recipes"]
    assert {row["name"] for row in result["recipes"]} >= {"quickstart", "tickets"}
    about = {row["name"]: row["about"] for row in result["recipes"]}
    assert about["quickstart"].startswith("Grade-school math word problems")


def test_models_in_the_box_come_before_those_that_need_a_file() -> None:
    names = [row["name"] for row in list_things("models")["models"]]
    assert names[:3] == ["offline", "gguf/smollm2", "local/smollm2"]
    assert "configs/models/vllm.yaml" in names


def test_an_unknown_kind_is_a_usage_error_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match="there is no list of 'validator'") as caught:
        list_things("validator")
    assert caught.value.hint == "did you mean validators?"
    assert caught.value.exit_code == 2


@pytest.mark.slow
def test_listing_imports_no_class_of_the_catalog() -> None:
    modules = sorted({target.partition(":")[0] for table in CATALOG.values() for target in table.values()})
    code = (
        "import sys\nfrom datagen_cli.cli.list import list_things\nlist_things(None)\n"
        f"assert not [name for name in {modules!r} if name in sys.modules]\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_kinds_are_told_apart() -> None:
    assert len(set(kinds())) == len(kinds())


def test_the_tables_go_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    show_list(list_things("validators"))
    shown = capsys.readouterr()
    assert re.search(r"^solve +\S", shown.out, flags=re.MULTILINE)
    assert re.search(r"^schema +\S", shown.out, flags=re.MULTILINE)
    assert shown.err.startswith("next: ")
