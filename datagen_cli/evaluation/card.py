"""What a dataset card says of diversity, repeats and leakage: a few measures of a sample, with their sources."""

from __future__ import annotations

from dataclasses import replace

from datagen_cli.core.registry import targets
from datagen_cli.evaluation.evaluate import evaluate, metric
from datagen_cli.evaluation.load import Wanted, base_of, load_dataset
from datagen_cli.evaluation.reading import readings
from datagen_cli.evaluation.subsets import drawn_rows
from datagen_cli.metrics.wording import number, span
from datagen_cli.runs.card import MEASURED
from datagen_cli.runs.markdown import code, line, table
from datagen_cli.runs.reader import RunReader

MOST = 1000


def measured_section(run: RunReader) -> str:
    """The section of the card: every measure that a first look is told and that needs no embeddings, of at most `MOST`
    drawn records. Empty for a run without rows or texts."""
    loaded = load_dataset(str(run.folder), Wanted())
    if not len(loaded.dataset):
        return ""
    base = base_of(run, loaded.dataset)
    few = drawn_rows(loaded.dataset, MOST)
    part = replace(loaded, dataset=few)
    names = [name for name in targets("metrics") if metric(name).headline and not metric(name).needs_vectors]
    found = evaluate(part, base, names, embedder=None, given={}, say=lambda _: None)
    said = readings(found)
    rows = []
    for name, one in found.measures.items():
        if one.value is not None:
            works = line("; ".join(work.short for work in metric(name).cites))
            rows.append((code(name), number(one.value), span(one.interval), line(said[name]), works or "–"))
    of = f"Of {len(few):,} of its {loaded.total:,} records, drawn" if len(few) < loaded.total else "Of all its records"
    beside = f", beside {line(base.dataset.name)}" if base is not None else ""
    heads = ("measure", "value", "95 %", "reading", "source")
    return table(MEASURED, heads, rows) + f"\n{of}{beside}; `datagen eval` measures the rest.\n" if rows else ""
