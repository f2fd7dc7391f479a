"""Sets that real models wrote, beside real rows: the table of `docs/bench.md`, from sample data read in place.

`python -m benchmarks.real_sets` prints it, `--write` puts it into the page. Nothing is generated, nothing is sent.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from datagen_cli.bench.options import BenchOptions
from datagen_cli.bench.plan import plan_bench
from datagen_cli.bench.run import run_bench
from datagen_cli.bench.settings import BenchRunOptions, Cell
from datagen_cli.bench.tables import as_markdown
from datagen_cli.cli.progress import Progress

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
PAGE = ROOT / "docs" / "bench.md"
START, END = "<!-- real sets: python -m benchmarks.real_sets --write -->", "<!-- end of real sets -->"
WORKERS = {"text": ["augmented_text"], "test_text": ["text"], "label": "target"}
BENCHES: dict[str, dict[str, Any]] = {
    "Sentiment of tweets, three labels": {
        "datasets": {
            name: f"synthetic/worker_vs_gpt_sentiment/{file}.jsonl"
            for name, file in {
                "GPT-4": "gpt-4_augmented",
                "Llama-2-70B": "llama-2-70b_augmented",
                "real": "real_train",
            }.items()
        },
        "test": "synthetic/worker_vs_gpt_sentiment/real_train.jsonl",
        **WORKERS,
    },
    "Intimacy of questions, six labels": {
        "datasets": {
            "GPT-4": "synthetic/worker_vs_gpt_questionintimacy/gpt-4_augmented.jsonl",
            "real": "synthetic/worker_vs_gpt_questionintimacy/real_train.jsonl",
        },
        "test": "synthetic/worker_vs_gpt_questionintimacy/real_train.jsonl",
        **WORKERS,
    },
    "AG News, four topics, by DeepSeek-R1-Distill-Qwen-1.5B": {
        "datasets": {
            "plain prompt": "synthetic/agnews_deepseek_r1_1.5b/baseline.jsonl",
            "targeted, with tags": "synthetic/agnews_deepseek_r1_1.5b/targeted_tags.jsonl",
        },
        "test": "ag_news/test.jsonl",
        "train": "ag_news/train.jsonl",
    },
}


class Silent:
    """A watch that says nothing."""

    def cell(self, cell: Cell, number: int, of: int, count: int) -> Progress:
        """See `bench.run.Watch`."""
        return Progress(count, quiet=True)

    def say(self, text: str) -> None:
        """See `bench.run.Watch`."""

    def note(self, text: str) -> None:
        """See `bench.run.Watch`."""


def tables(seeds: int = 5) -> dict[str, dict[str, Any]]:
    """The leaderboard of every bench, by title."""
    found = {}
    for title, given in BENCHES.items():
        paths = {name: str(DATA / given[name]) for name in ("test", "train") if name in given}
        options = BenchOptions.model_validate(
            {
                **given,
                **paths,
                "name": "sets",
                "seeds": list(range(seeds)),
                "datasets": {name: str(DATA / file) for name, file in given["datasets"].items()},
            }
        )
        with tempfile.TemporaryDirectory() as folder:
            bench = plan_bench(options, BenchRunOptions(Path(folder) / "out", {}))
            found[title] = run_bench(bench, Silent(), "python -m benchmarks.real_sets").document
    return found


def page(found: dict[str, dict[str, Any]]) -> str:
    """The tables in Markdown, by the measures that rank."""
    return "\n".join(f"### {title}\n\n{as_markdown(document, ranked=True)}" for title, document in found.items())


def main() -> None:
    """Prints the tables, or writes them into the page."""
    text = page(tables())
    if "--write" not in sys.argv:
        print(text)
        return
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    PAGE.write_text(f"{before}{START}\n\n{text}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
