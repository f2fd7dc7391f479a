"""Every `next:` line is one command that can be pasted: it is run here as it stands, and ends with 0."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import pytest

from datagen_cli.cli.app import SECTIONS, run

RUN = "runs/quickstart"
COPY = "runs/copy"
STARTS = {
    "init": ["init my.yaml", "init gsm8k", "init tickets -", "init --from rows.csv"],
    "list": ["list", "list metrics", "list formats", "list validators", "list providers"],
    "schema": ["schema"],
    "doctor": ["doctor", "doctor -m offline"],
    "validate": ["validate quickstart", "validate quickstart -n 5 --seed 3 --set records_per_call=2"],
    "prompt": ["prompt quickstart -n 1"],
    "preview": ["preview quickstart -n 2", "preview quickstart -n 1 -o 'runs/with space' --seed 9"],
    "generate": [
        "generate quickstart -n 4",
        "generate quickstart -n 4 --new",
        "generate quickstart --dry-run",
        "generate quickstart -n 4 --probe 2",
        "generate quickstart -n 4 --probe 2 --new",
    ],
    "status": [f"status {RUN}"],
    "show": [f"show {RUN} {more}" for more in ("", "-n 0", "--rejected", "--by simulated", "--rejected --by reason")],
    "why": [f"why {RUN} 0"],
    "review": [f"review {RUN} --from decisions.jsonl"],
    "eval": [
        f"eval {RUN} --metrics length",
        f"eval {RUN} rows.csv --metrics length --table md --gate 'length>0'",
        "eval rows.csv --metrics length --reference rows.csv",
        f"eval {RUN} --metrics length --html x.html",
        "eval rows.csv --metrics length --html x.html",
    ],
    "export": [f"export {RUN} --to messages -o train.jsonl", f"export {RUN} --to csv -o x/rows.csv"],
    "merge": [f"merge {RUN} -o merged-1", f"merge {RUN} -o x/merged-2"],
    "dedup": ["dedup rows.csv -o kept.jsonl", f"dedup {RUN} --near 0.8 -o kept-2.jsonl"],
    "prune": [f"prune {COPY} --dry-run", f"prune {COPY}"],
    "score": [f"score {RUN} -m offline", f"score {RUN} -m offline --dry-run"],
    "bench": [
        "bench quickstart -n 4 --model offline --model offline --seed 1 --seed 2",
        "bench quickstart -n 4 --vary records_per_call=1,2 --dry-run",
        "bench --dataset a=rows.csv --dataset b=test.csv",
    ],
    "student": ["student rows.csv --test test.csv --seeds 1"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("next")
    for name, count in (("rows", 40), ("test", 24)):
        texts = ["cars and roads", "cats and mice"]
        lines = [f"{name} {n} about {texts[n % 2]},{'ab'[n % 2]}" for n in range(count)]
        (found / f"{name}.csv").write_text("text,label\n" + "\n".join(lines) + "\n")
    for name in (RUN, COPY):
        assert run(["generate", "quickstart", "-o", str(found / name), "--quiet"]) == 0
    first = json.loads((found / RUN / "dataset.jsonl").read_text("utf-8").splitlines()[0])
    (found / "decisions.jsonl").write_text(json.dumps({"id": first["id"], "decision": "keep", "reason": ""}) + "\n")
    return found


Started = Callable[[str, Path], tuple[int, str]]
THROUGH_A_SHELL = ("show", "preview")
"""Lines of these commands, and pipes, are given to a shell, others to the program as a shell would take them apart."""


def in_a_shell(words: str, folder: Path) -> tuple[int, str]:
    """Runs a command line through the shell as it stands; its exit code and what it says."""
    done = subprocess.run(["bash", "-c", words], cwd=folder, capture_output=True, text=True, timeout=600)
    return done.returncode, done.stderr


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str]) -> Started:
    """Runs a command line in this process."""

    def started(words: str, folder: Path) -> tuple[int, str]:
        capsys.readouterr()
        with chdir(folder):
            code = run(shlex.split(words))
        return code, capsys.readouterr().err

    return started


def steps(said: str) -> list[str]:
    return [line.removeprefix("next: ") for line in said.splitlines() if line.startswith("next: ")]


def test_every_command_is_tried() -> None:
    """But `view`, which serves until it is stopped and has no next step."""
    assert {*STARTS, "view"} == {name for section in SECTIONS.values() for name in section}


@pytest.mark.slow
@pytest.mark.parametrize("start", [line for lines in STARTS.values() for line in lines])
def test_the_next_line_runs_as_it_stands(start: str, folder: Path, here: Started) -> None:
    for made in (folder / name for name in ("my.yaml", "gsm8k.yaml", "rows.yaml")):
        made.unlink(missing_ok=True)
    shell = start.startswith(THROUGH_A_SHELL)
    me = f"{shlex.quote(sys.executable)} -m datagen_cli" if shell else "datagen"
    code, said = in_a_shell(f"{me} {start}", folder) if shell else here(start, folder)
    assert code == 0, said
    (step,) = steps(said)
    assert step.startswith(f"{me} ")
    if step == "datagen init my.yaml":
        (folder / "my.yaml").unlink(missing_ok=True)
    if "|" in step:
        step = f'datagen() {{ "{sys.executable}" -m datagen_cli "$@"; }}; {step}'
        shell = True
    code, said = in_a_shell(step, folder) if shell else here(step.removeprefix("datagen "), folder)
    assert code == 0, f"{step}\n{said}"


@pytest.mark.parametrize("option", [["--set", "model.headers.X-Key=hush"], ["--set=model.headers.X-Key=hush"]])
def test_no_next_line_holds_a_header_that_set_gives(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: list[str]
) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps({"question": f"What is {n} + 1?", "answer": str(n + 1)}) + "\n" for n in (1, 2)))
    assert run(["score", str(rows), "-m", "offline", "--dry-run", *option]) == 0
    said = capsys.readouterr().err
    assert "next:" in said and "X-Key=" in said and "hush" not in said
