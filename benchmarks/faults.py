"""`python -m benchmarks.faults` (`make bench-faults`): what checks find and harm on real data with known answers.

With `--simulated N` on N simulated records a run instead, see `faults_simulated.py`.

AG News: the classifier of the check `classifier`, trained on 2,000 rows, judges 2,000 others of which a fifth have
another label than theirs. GSM8K: `code` judges the published answers and the same with a number added; its program is
the last published calculation of each item, and where that is not the answer a right answer counts as harmed. Exit code
1 where a bar is missed: found at least 0.78 (0.85 with vectors) with at most 0.05 harmed for news, 0.99 for problems.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datagen_cli.core.chat import Reply
from datagen_cli.core.fields import About, FieldSpec
from datagen_cli.core.record import Record, Slot
from datagen_cli.text.classifier import Classifier
from datagen_cli.text.linear import Embed
from datagen_cli.validators.code import Code, CodeOptions

SAMPLES = Path(__file__).resolve().parents[1].parent / "shared" / "data"
CALCULATION = re.compile(r"<<([^=<>]+)=[^<>]*>>")


class Published:
    """Implements `core.ports.Context`: the coder's program is the published calculation of one item."""

    slot, attempt, unsafe_exec = 0, 1, False

    def __init__(self, program: str) -> None:
        self._program = program

    async def ask(self, role: str, prompt: Any, **_: Any) -> Reply:
        """The program, in a fence."""
        return Reply(f"```python\n{self._program}\n```")

    def note(self, text: str) -> None:
        """Nobody is told."""

    async def run_blocking(self, function: Any, *args: Any, anywhere: bool = False) -> Any:
        """Runs it in a thread."""
        return await asyncio.to_thread(function, *args)


def news(embed: Embed | None) -> tuple[float, float]:
    """Shares found and harmed by the classifier."""
    train, test = (read(f"ag_news/{name}.jsonl")[:2000] for name in ("train", "test"))
    draw = random.Random(0)
    changed = set(draw.sample(range(len(test)), len(test) // 5))
    topics = sorted({row["label"] for row in test})
    given = [
        draw.choice([topic for topic in topics if topic != row["label"]]) if number in changed else row["label"]
        for number, row in enumerate(test)
    ]
    classifier = Classifier(embed=embed).fit([row["text"] for row in train], [row["label"] for row in train])
    judged = classifier.judge([row["text"] for row in test], given)
    failed = {number for number, one in enumerate(judged) if one.outcome == "fail"}
    return len(failed & changed) / len(changed), len(failed - changed) / (len(test) - len(changed))


async def problems(most: int) -> tuple[float, float, int]:
    """Shares found and harmed by the code check, and how many items have calculations."""
    specs = {"question": FieldSpec("question"), "answer": FieldSpec("answer", "number")}
    check = Code(
        CodeOptions(question="question", answer="answer", solutions=1), specs, About("", tuple(specs.values()))
    )
    draw, found, harmed, tried = random.Random(0), 0, 0, 0
    for row in read("gsm8k/test.jsonl"):
        steps = CALCULATION.findall(row["answer"])
        answer = float(row["answer"].rpartition("####")[2].replace(",", ""))
        if not steps or tried == most:
            continue
        tried += 1
        for value in (answer, answer + draw.choice((-10, -2, -1, 1, 2, 10))):
            ctx: Any = Published(f"print({steps[-1]})")
            record = Record(0, 1, {"question": row["question"], "answer": value})
            verdict = await check.verify(record, Slot(0, "x"), ctx)
            harmed += verdict.outcome == "fail" and value == answer
            found += verdict.outcome == "fail" and value != answer
    return found / tried, harmed / tried, tried


def read(name: str) -> list[dict[str, Any]]:
    """The rows of a file of sample data."""
    return [json.loads(line) for line in (SAMPLES / name).read_text("utf-8").splitlines()]


def _simulated(count: int) -> int:
    """The table of planted faults, with checkers that make no mistakes. Returns 1 where a bar is missed."""
    from benchmarks.faults_simulated import missed_bars, simulated, table

    cells = list(simulated(count))
    print("\n".join(table(cells)))
    wrong = missed_bars(cells)
    for line in wrong:
        print(f"below its bar: {line}", file=sys.stderr)
    return int(bool(wrong))


def main(arguments: Sequence[str]) -> int:
    """Prints the table. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--vectors", action="store_true", help="blend embeddings, too: some minutes on one core")
    parser.add_argument("--problems", type=int, default=300)
    parser.add_argument("--simulated", type=int, default=0, metavar="N", help="records of each simulated run")
    given = parser.parse_args(arguments)
    if given.simulated:
        return _simulated(given.simulated)
    if not SAMPLES.is_dir():
        print("skipped: the sample data is not here: shared/data")
        return 0
    lines = [("AG News, classifier, TF-IDF", *news(None), 0.78)]
    if given.vectors:
        from datagen_cli.text.embed import open_embedder, vector_cache

        lines.append(("AG News, classifier, blended", *news(open_embedder("minilm", vector_cache()).encode), 0.85))
    found, harmed, tried = asyncio.run(problems(given.problems))
    lines.append((f"GSM8K, code, {tried} items", found, harmed, 0.99))
    print(f"{'':32}{'found':>8}{'harmed':>8}")
    for name, found, harmed, _ in lines:
        print(f"{name:32}{found:8.3f}{harmed:8.3f}")
    return int(any(found < bar or (harmed > 0.05 and "AG" in name) for name, found, harmed, bar in lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
