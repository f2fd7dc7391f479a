"""torch's threads sleep while they wait for one another, and no child process inherits that."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TOLD = "; import os; print(os.environ.get('OMP_WAIT_POLICY'))"
LOADS = {
    "a local model": "from datagen_cli.llm.local.weights import _place; _place(None)",
    "an embedder": "from datagen_cli.text.embed import open_embedder; open_embedder('minilm', None).encode(['a text'])",
    "a student": "from datagen_cli.students.transformer import Transformer; "
    "Transformer(epochs=1).fit(['a text', 'another'], ['x', 'y'])",
}


def run(code: str, **given: str) -> subprocess.CompletedProcess[str]:
    known = {name: value for name, value in os.environ.items() if not name.startswith("OMP_")}
    return subprocess.run(
        [sys.executable, "-c", code + TOLD], capture_output=True, text=True, check=True, env={**known, **given}
    )


@pytest.mark.parametrize(
    ("given", "seen", "left"), [({}, "passive", "None"), ({"OMP_WAIT_POLICY": "active"}, "active", "active")]
)
def test_torch_is_imported_under_the_policy_and_what_comes_later_is_not(
    given: dict[str, str], seen: str, left: str, tmp_path: Path
) -> None:
    tmp_path.joinpath("torch.py").write_text("import os; policy = os.environ['OMP_WAIT_POLICY']")
    root = str(Path(__file__).parents[2])
    code = "from datagen_cli.core.extras import import_torch; print(import_torch().policy)"
    done = run(code, **given, PYTHONPATH=os.pathsep.join([str(tmp_path), root]))
    assert done.stdout.split() == [seen, left]


@pytest.mark.slow
@pytest.mark.parametrize("code", list(LOADS.values()), ids=list(LOADS))
def test_whatever_loads_torch_first_lets_its_threads_sleep(code: str) -> None:
    pytest.importorskip("torch")
    done = run(code, OMP_DISPLAY_ENV="verbose")
    spins = re.findall(r"GOMP_SPINCOUNT = '(\d+)'", done.stderr)
    if not spins:
        pytest.skip("this build of torch has another OpenMP")
    assert spins[0] == "0"  # torch's own; other packages bring one each
    assert done.stdout.splitlines()[-1] == "None"
