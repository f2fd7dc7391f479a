"""The code check measured against what the offline model planted: found, harmed, unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.runs.whole import generate, rows

DEDUP = "dedup={near: 0.8}"
CHECK = (
    "validators=[{{code: {{question: question, answer: answer, solutions: {solutions},"
    " on_fail: keep, on_unknown: keep}}}}]"
)


@dataclass(frozen=True, slots=True)
class Table:
    """Counts of checked records by truth; `unsolvable` ones have no right answer at all."""

    wrong: int
    wrong_found: int
    right: int
    right_harmed: int
    unsolvable: int
    unsolvable_found: int
    unknown: int

    @property
    def checked(self) -> int:
        """All records."""
        return self.wrong + self.right + self.unsolvable

    def shares(self) -> dict[str, float]:
        """Found of the wrong, harmed of the right, unknown of all."""
        return {
            "found": self.wrong_found / max(self.wrong, 1),
            "harmed": self.right_harmed / max(self.right, 1),
            "unsolvable found": self.unsolvable_found / max(self.unsolvable, 1),
            "unknown": self.unknown / max(self.checked, 1),
        }


def measure(folder: Path, *, count: int, solutions: int = 3, faults: str, more: Sequence[str] = ()) -> Table:
    """Runs the check on `count` records with `on_fail: keep`, so that every verdict is seen, beside what was planted.

    Near copies of base rows, whose truth the plants do not tell, are refused by `dedup` as in any real recipe.
    """
    check = CHECK.format(solutions=solutions)
    settings = [check, DEDUP, f"model.faults={faults}", "limits.attempts_per_record=30", *more]
    assert generate("quickstart", "-n", str(count), "-o", folder, *(f"--set={setting}" for setting in settings)) == 0
    planted: dict[tuple[int, int, str], set[str]] = {}
    for plant in rows(folder, "plants.jsonl"):
        planted.setdefault((plant["slot"], plant["attempt"], plant["purpose"]), set()).add(plant["fault"])
    counts = dict.fromkeys(Table.__dataclass_fields__, 0)
    for line in rows(folder / "checkpoints", "6-dedup.jsonl"):
        if "slot" not in line or line.get("rejection"):
            continue
        verdict = line["verdicts"]["code"]
        written = "repair" if line.get("changes") else "generate"
        faults_here = planted.get((line["slot"], line["attempt"], written), set())
        kind = "unsolvable" if "unsolvable" in faults_here else "wrong" if "wrong_label" in faults_here else "right"
        counts[kind] += 1
        counts["unknown"] += verdict == "unknown"
        if verdict == "fail":
            counts[f"{kind}_{'harmed' if kind == 'right' else 'found'}"] += 1
    return Table(**counts)
