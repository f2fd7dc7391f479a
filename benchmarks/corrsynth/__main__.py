"""`python -m benchmarks.corrsynth`: CorrSynth beside FewGen and its control, on a small teacher of real news items.

Without --teacher one is trained first (3.5 M tokens, a quarter of an hour of one CPU core); the runs and their measures
take three quarters of an hour. Prints a Markdown table and what is better or worse than what; the figures go to
report.json beside the runs. The same command goes on where it was. Exit code 0: the experiment is done, whatever it
says.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.corrsynth.experiment import Experiment
from benchmarks.corrsynth.measure import Truth
from benchmarks.corrsynth.news import held_out, real_test, taught
from benchmarks.corrsynth.runs import RunFailed
from benchmarks.corrsynth.table import markdown, sentences
from benchmarks.corrsynth.train import TOKENS, one_thread, train
from benchmarks.corrsynth.variants import SWEEP, VARIANTS
from datagen_cli.core.errors import DatagenError
from datagen_cli.text.embed import open_embedder

COUNT, SEEDS = 320, 5
OUT = Path("runs/corrsynth-bench")


def main(arguments: Sequence[str] | None = None) -> int:
    """Trains, runs and reports; returns the exit code."""
    options = _options(arguments)
    try:
        with one_thread():
            report = _run(options)
    except (DatagenError, RunFailed) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(markdown(report))
    print()
    print(f"real test items of which the judge of labels is right: {report['judge_accuracy']:.3f}")
    print("\n".join(sentences(report)))
    return 0


def _run(options: argparse.Namespace) -> dict[str, Any]:
    train_items, test = taught(), real_test()
    options.out.mkdir(parents=True, exist_ok=True)
    teacher = options.teacher or options.out / "teacher"
    if not (teacher / "config.json").is_file() and options.teacher is None:
        train(teacher, train_items, held_out(), tokens=options.tokens, say=_say)
    embedder = open_embedder("minilm", options.out / "embeddings.sqlite")
    try:
        truth = Truth(train_items, test, embedder)
        seeds = range(1, options.seeds + 1)
        experiment = Experiment(options.count, seeds, teacher, options.out / "runs", truth, _say)
        report: dict[str, Any] = {}
        for report in experiment.run((*VARIANTS, *SWEEP) if options.sweep else VARIANTS):
            text = json.dumps(report, indent=1, ensure_ascii=False) + "\n"
            (options.out / "report.json").write_text(text, encoding="utf-8")
        return report
    finally:
        embedder.close()


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.corrsynth", description=__doc__)
    parser.add_argument("--teacher", type=Path, metavar="DIR", help="a trained teacher (default: OUT/teacher, trained)")
    parser.add_argument("-o", "--out", type=Path, default=OUT, metavar="OUT", help=f"where all goes (default {OUT})")
    parser.add_argument(
        "--tokens", type=int, default=TOKENS, help=f"that the teacher is trained on (default {TOKENS:,})"
    )
    parser.add_argument("--count", type=int, default=COUNT, help=f"texts a run (default {COUNT})")
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"runs a variant (default {SEEDS})")
    parser.add_argument("--sweep", action="store_true", help="a weaker and a stronger contrast too")
    return parser.parse_args(arguments)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
