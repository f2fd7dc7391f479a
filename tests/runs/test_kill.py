"""A run killed anywhere and resumed ends in the same bytes as one that was never stopped."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.pipeline import finish, session
from datagen_cli.pipeline import outcome as outcome_module
from datagen_cli.runs import planted
from datagen_cli.runs.checkpoint import Checkpoint
from tests.runs.whole import after, generate, killed, outcome

FAULTS = (
    "wrong_label", "malformed", "truncated", "duplicate", "refusal", "off_constraint", "near_copy", "injected",
    "wrong_program", "wrong_verdict", "wrong_answer", "unsolvable", "contradicted",
)  # fmt: skip
EVERY_FAULT = [f"--set=model.faults.{name}=0.25" for name in FAULTS]
RECIPE = ["quickstart", "-n", "8", *EVERY_FAULT, "--set", "limits.attempts_per_record=20"]
STAGES = ("load", "plan", "generate", "validate", "enhance", "dedup")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was never stopped."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    assert generate(*RECIPE, "-o", folder) == 0
    assert len(outcome(folder)["rejected.jsonl"].splitlines()) >= 3
    return folder


def copy(folder: Path, to: Path) -> Path:
    shutil.copytree(folder, to / "run")
    return to / "run"


def patch_append(count: int, stage: str | None = None) -> None:
    """In a child: dies after so many checkpoint lines (of a stage)."""
    real = Checkpoint.append
    counted = after(count, lambda: None)

    def append(self: Checkpoint, *arguments: Any) -> None:
        real(self, *arguments)
        if stage in (None, self.stage):
            counted()

    Checkpoint.append = append  # type: ignore[assignment, method-assign]


def lines_of(folder: Path) -> int:
    return sum(
        (folder / "checkpoints" / f"{n}-{stage}.jsonl").read_bytes().count(b"\n") - 1
        for n, stage in ((3, "generate"), (4, "validate"), (5, "enhance"), (6, "dedup"))
    )


@pytest.mark.slow
def test_killed_after_every_other_checkpoint_line(whole: Path, tmp_path: Path) -> None:
    lines = lines_of(whole)
    assert lines > 30
    for count in range(1, lines + 1, 2):
        folder = tmp_path / str(count)
        assert killed(lambda n=count: patch_append(n), *RECIPE, "-o", folder)  # type: ignore[misc]
        assert generate(*RECIPE, "-o", folder) == 0
        assert outcome(folder) == outcome(whole), f"killed after line {count}"


def test_killed_again_and_again_after_every_few_lines(whole: Path, tmp_path: Path) -> None:
    deaths = 0
    while killed(lambda: patch_append(5), *RECIPE, "-o", tmp_path / "run"):
        deaths += 1
    assert deaths >= 5
    assert outcome(tmp_path / "run") == outcome(whole)


@pytest.mark.slow
@pytest.mark.parametrize("module", [session, finish, outcome_module, planted])
def test_killed_after_every_file_that_is_written_aside(module: Any, whole: Path, tmp_path: Path) -> None:
    names = [name for name in ("write_aside", "write_json", "write_card", "write_lock") if hasattr(module, name)]
    deaths = 0
    for name in names:
        for count in range(1, 8):
            folder = tmp_path / f"{name}{count}"

            def arrange(name: str = name, count: int = count) -> None:
                setattr(module, name, after(count, getattr(module, name)))

            if not killed(arrange, *RECIPE, "-o", folder):
                break
            deaths += 1
            assert generate(*RECIPE, "-o", folder) == 0
            assert outcome(folder) == outcome(whole), f"killed after {name} number {count}"
    assert deaths >= 1


@pytest.mark.slow
@pytest.mark.parametrize(("number", "stage"), list(enumerate(STAGES, start=1)))
def test_every_checkpoint_cut_at_every_307th_byte(number: int, stage: str, whole: Path, tmp_path: Path) -> None:
    folder = copy(whole, tmp_path)
    path = folder / "checkpoints" / f"{number}-{stage}.jsonl"
    content = path.read_bytes()
    for cut in range(0, len(content), 307):
        path.write_bytes(content[:cut])
        (folder / "dataset.jsonl").unlink()
        assert generate(*RECIPE, "-o", folder) == 0
        assert outcome(folder) == outcome(whole), f"{path.name} cut at {cut}"


@pytest.mark.slow
def test_without_its_call_cache_a_resumed_run_ends_in_the_same_bytes(whole: Path, tmp_path: Path) -> None:
    for count in (1, 9, 25):
        folder = tmp_path / str(count)
        assert killed(lambda n=count: patch_append(n), *RECIPE, "-o", folder)  # type: ignore[misc]
        (folder / "calls.sqlite").unlink()
        assert generate(*RECIPE, "-o", folder) == 0
        assert outcome(folder) == outcome(whole)


def test_a_broken_call_cache_is_moved_aside_and_said(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copy(whole, tmp_path)
    (folder / "calls.sqlite").write_bytes(b"no database " * 1000)
    (folder / "checkpoints" / "3-generate.jsonl").unlink()
    assert generate(*RECIPE, "-o", folder) == 0
    assert list(folder.glob("calls.sqlite.broken*"))
    assert outcome(folder) == outcome(whole)
