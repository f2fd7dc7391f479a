"""Programs of published datasets, written by people and by models: each ends here as it ends outside of the sandbox."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.sandbox import confine
from datagen_cli.sandbox.run import Sandbox

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(confine.confinement_missing()), reason="no guarded layer"),
]
_FENCED = re.compile(r"```(?:python|py)\s*\n(.*?)```", re.S)
_PLAIN = re.compile(r"^(?:import |from \w+ import|def |print\()", re.M)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as made:
        yield made


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_published_functions_pass_their_tests(sandbox: Sandbox, sample: Callable[[str], Path]) -> None:
    programs = [
        "\n".join([row["code"].replace("\r\n", "\n"), row["test_setup_code"] or "", *row["test_list"]])
        for row in rows(sample("mbpp/mbpp.jsonl"))[::4]
    ]
    programs += [
        f"{row['prompt']}{row['canonical_solution']}\n{row['test']}\ncheck({row['entry_point']})"
        for row in rows(sample("humaneval/HumanEval.jsonl"))
    ]
    results = [sandbox.run(code) for code in programs]
    assert len(results) > 400
    assert [(result, code) for result, code in zip(results, programs, strict=True) if result.status != "ok"] == []


def model_written(sample: Callable[[str], Path]) -> list[str]:
    """What parses as Python of the replies of models, with fences or without."""
    texts = [row["response"] for row in rows(sample("synthetic/gpteacher/codegen.jsonl"))]
    texts += [row["response"] for row in rows(sample("synthetic/data_agora_seeds/seeds.jsonl"))]
    found = [code for text in texts for code in _FENCED.findall(text)]
    found += [text for text in texts if "```" not in text and _PLAIN.search(text)]
    return [code for code in found if parses(code)]


def parses(code: str) -> bool:
    try:
        compile(code, "<reply>", "exec")
    except SyntaxError:
        return False
    return True


def test_programs_that_models_wrote_print_what_they_print_elsewhere(
    sandbox: Sandbox, sample: Callable[[str], Path], tmp_path: Path
) -> None:
    programs = [code for code in model_written(sample) if "time" not in code]
    ran = 0
    for number, code in enumerate(programs):
        (folder := tmp_path / str(number)).mkdir()
        (file := tmp_path / f"{number}.py").write_text(code, "utf-8")
        command = [sys.executable, "-I", "-X", "utf8", str(file)]
        outside = subprocess.run(command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        result = sandbox.run(code)
        if outside.returncode == 0:
            ran += 1
            assert (result.status, result.stdout, result.error) == ("ok", outside.stdout, ""), code
        else:
            assert result.status in ("error", "refused"), code
    assert ran >= 60
