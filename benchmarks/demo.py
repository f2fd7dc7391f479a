"""`make demo`: the quickstart without and with its answers checked by programs, told in a dozen lines.

Everything here is what the tool itself says: counts of the runs, verdicts of the checks, and which answers are wrong by
the list that the simulation keeps of its own mistakes (`plants.jsonl`).
"""

from __future__ import annotations

import shutil
import sys
import textwrap
from pathlib import Path

from datagen_cli import api
from datagen_cli.bench.measured import right_records
from datagen_cli.core.errors import DatagenError

CHECK = [{"code": {"question": "question", "answer": "answer"}}]
PLAIN, CHECKED = Path("runs/demo"), Path("runs/demo-checked")


def width(most: int = 88) -> int:
    """How wide a line may be: as the terminal is, or less."""
    return min(most, shutil.get_terminal_size().columns - 1) if sys.stdout.isatty() else most


def told(head: str, *lines: str) -> str:
    """A word and what it is about, lines broken at spaces."""
    return "\n".join(
        textwrap.fill(line, width(), initial_indent=f"{'' if place else head:<13}", subsequent_indent=" " * 13)
        for place, line in enumerate(lines)
    )


def row_of(name: str, run: api.Run) -> str:
    """One row of the table: records, right, wrong, calls."""
    right = right_records(run.path) or []
    return f"{name:<28}{len(run):>7}{sum(right):>7}{len(right) - sum(right):>7}{run.report['calls']:>7}"


def main() -> int:
    """Runs both and tells of them. Where programs cannot be confined the second is left out, and that is said."""
    opening = "Word problems by the offline model: a simulation that errs on purpose. No key, no network."
    print(textwrap.fill(opening, width(100)) + "\n")
    plain = api.generate(api.load_recipe("quickstart"), PLAIN, fresh=True, environ={})
    print(f"{'':<28}{'records':>7}{'right':>7}{'wrong':>7}{'calls':>7}")
    print(row_of("quickstart", plain))
    command = Path(sys.executable).parent / "datagen"
    shown = command.relative_to(Path.cwd()) if command.is_relative_to(Path.cwd()) else command
    try:
        recipe = api.load_recipe("quickstart", set={"validators": CHECK})
        checked = api.generate(recipe, CHECKED, fresh=True, environ={})
    except DatagenError as error:
        print(f"\nanswers were not checked: {error}\n\nnext: {shown} show {PLAIN}")
        return 0
    print(row_of("  answers checked by programs", checked))
    verdicts = api.evaluate(checked, metrics=["verified"])["verified"].detail["code"]["before"]
    turned = next(row for row in checked.rejected() if row["reason"] == "code")
    kept = next(iter(checked))
    said = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items())
    verdict = f"first verdicts of the programs: {said}; what failed was asked for again"
    print("\n" + textwrap.fill(verdict, width(100)))
    print(told("turned away", turned["question"], turned["detail"]))
    print(told("kept", kept["question"], f"answer: {kept['answer']}"))
    print(f"\nfiles: {CHECKED}/ holds dataset.jsonl, rejected.jsonl, README.md")
    print(f"next: {shown} why {CHECKED} {kept['id']}\n      {shown} init my.yaml")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
