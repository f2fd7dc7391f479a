"""The dataset card, `README.md` of a run folder: what is in it, how it was made, what was refused and why."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from datagen_cli.core.citation import Citation
from datagen_cli.core.jsonl import write_aside
from datagen_cli.runs.folder import RunFolder
from datagen_cli.runs.manifest import Manifest
from datagen_cli.runs.markdown import code, line, paragraphs, quoted, table
from datagen_cli.runs.planted import fate_cells
from datagen_cli.runs.shape import Shape
from datagen_cli.runs.spending import total_of

OFFLINE = "offline"
MEASURED = "Diversity, repeats, leakage"
"""The section that a card of an export fills."""
NEXT = "What to do with it"
"""The section of commands for the folder, which a card of an export leaves out."""


def write_card(
    folder: RunFolder,
    name: str,
    description: str,
    manifest: Manifest,
    shape: Shape,
    labels: Mapping[str, int],
    works: Sequence[Citation] = (),
) -> None:
    """Writes the card beside the dataset. `works` are those whose methods the run uses."""
    parts = [
        _front(name, manifest),
        f"# {line(name)}\n\n{paragraphs(description)}\n",
        _simulated(manifest),
        _counts(manifest),
        _fields(shape),
        table("Labels", ("label", "records"), [(line(name), f"{count:,}") for name, count in labels.items()]),
        _refused(manifest),
        _coverage(manifest),
        _checks(manifest),
        _planted(manifest),
        _probed(manifest),
        _modules(manifest),
        _harder(manifest),
        _shift(manifest),
        _cost(manifest),
        _measures(manifest),
        _limits(manifest),
        _how(manifest),
        _next(manifest),
        _sources(works),
    ]
    write_aside(folder.file("README.md"), ["\n".join(part for part in parts if part).encode("utf-8", "replace")])


def _front(name: str, manifest: Manifest) -> str:
    files = ", ".join(manifest.shards or ["dataset.jsonl"])
    tags = ["synthetic", "datagen", *(["simulated"] if manifest.simulated else [])]
    lines = ["---", f"pretty_name: {quoted(name)}", f"tags: [{', '.join(tags)}]"]
    lines += ["configs:", "- config_name: default", f"  data_files: [{files}]", "---", ""]
    return "\n".join(lines)


def _simulated(manifest: Manifest) -> str:
    if not manifest.simulated:
        return ""
    what = "Every record was written by datagen's offline model, a simulation that errs on purpose."
    return f"> **Simulated.** {what} Not for training.\n"


def _counts(manifest: Manifest) -> str:
    cost = "unknown" if manifest.cost_usd is None else f"{manifest.cost_usd:.4f} USD"
    tokens, calls = manifest.tokens, total_of(manifest.spent)["calls"]
    return (
        f"{manifest.accepted:,} of {manifest.count:,} records, seed {manifest.seed}; {calls:,} calls, "
        f"{tokens['in']:,} tokens in and {tokens['out']:,} out, cost {cost}.\n"
    )


def _refused(manifest: Manifest) -> str:
    """What was turned away, by reason, with its share of all attempts."""
    attempts = manifest.accepted + sum(manifest.rejected.values())
    rows = [
        (line(reason), f"{count:,}", f"{100 * count / max(attempts, 1):.1f} %")
        for reason, count in manifest.rejected.items()
    ]
    return table("Refused attempts", ("reason", "attempts", "of all attempts"), rows)


def _planted(manifest: Manifest) -> str:
    """What became of the faults that a simulated model planted."""
    rows = [(code(fault), *map(line, fate_cells(fates))) for fault, fates in manifest.planted.items()]
    return table("Planted faults", ("fault", "planted", "kept unnoticed", "mended", "turned away for"), rows)


def _probed(manifest: Manifest) -> str:
    """What each check that asks a model found of records that `--probe` made bad on purpose."""
    rows = [
        (code(name), *(f"{counts[key]:,}" for key in ("planted", "found", "unknown")))
        for name, counts in manifest.probed.items()
    ]
    return table("Records made bad on purpose", ("check", "planted", "found", "cannot tell"), rows)


def _measures(manifest: Manifest) -> str:
    beside = ", beside the base" if manifest.base else ""
    return (
        f"## {MEASURED}\n\n`datagen eval RUN` measures them with intervals{beside}; "
        "`datagen export` writes a card that holds them.\n"
    )


def _limits(manifest: Manifest) -> str:
    """What a reader must not take for granted."""
    found = []
    if manifest.accepted < manifest.count:
        found.append(f"{manifest.count - manifest.accepted:,} of the {manifest.count:,} records asked for are missing")
    unknown = {name: counted.get("after", {}).get("unknown", 0) for name, counted in manifest.checks.items()}
    undecided = ", ".join(f"{code(name)} {count:,}" for name, count in unknown.items() if count)
    if undecided:
        found.append(f"records that a check could not decide on were kept: {undecided}")
    if len({name for names in manifest.models.values() for name in names}) == 1:
        found.append("no other model checked the records: labels and answers are as they were asked for or written")
    found.append("verdicts come from the checks above, not from people; what these miss is in the dataset")
    leaks = "; leakage is told against the base alone" if manifest.base else ""
    found.append(f"what the models have seen in training is not known{leaks}")
    return "## Known limits\n\n" + "\n".join(f"- {what}" for what in found) + "\n"


def _sources(works: Sequence[Citation]) -> str:
    """Citations of the methods used."""
    listed = "\n".join(f"- {line(work.title)} ({line(work.short)})" for work in works)
    return f"## Methods\n\n{listed}\n" if works else ""


def _cost(manifest: Manifest) -> str:
    """Cost by stage, by role and for each accepted record; nothing for a run that cost nothing."""
    if manifest.cost_usd == 0:
        return ""
    rows = [(f"stage {code(name)}", _usd(share)) for name, share in manifest.cost.get("by_stage", {}).items()]
    rows += [(f"role {code(name)}", _usd(share)) for name, share in manifest.cost.get("by_role", {}).items()]
    rows.append(("each accepted record", _usd(manifest.cost.get("per_accepted"))))
    return table("Cost", ("for", "USD"), rows)


def _usd(cost: float | None) -> str:
    return "unknown" if cost is None else f"{cost:.6f}"


def _fields(shape: Shape) -> str:
    rows = [(code(spec.name), spec.type, line(spec.description)) for spec in shape.specs if spec.keep]
    rows += [(code(name), "text", "attribute") for name in shape.emitted]
    rows += [
        ("`attributes`", "object", line(", ".join(shape.attributes))),
        ("`verdicts`", "object", line(", ".join(shape.checks))),
    ]
    return table("Fields", ("field", "type", "what it is"), rows)


def _coverage(manifest: Manifest) -> str:
    rows = [
        (line(name), line(value), f"{counts.get('planned', 0):,}", f"{counts.get('accepted', 0):,}")
        for name, values in manifest.coverage.items()
        for value, counts in values.items()
    ]
    return table("Coverage", ("attribute", "value", "slots planned", "records accepted"), rows)


def _checks(manifest: Manifest) -> str:
    rows = []
    for name, counted in manifest.checks.items():
        before, after = counted.get("before", {}), counted.get("after", {})
        rows.append((code(name), outcomes(before), outcomes(after)))
    told = table("Checks", ("check", "every attempt, first verdict", "accepted records"), rows)
    return "\n".join([told, *(f"- {line(remark)}" for remark in manifest.remarks), *([""] if manifest.remarks else [])])


def _modules(manifest: Manifest) -> str:
    """What each part changed, turned away and asked for; of a simulated run what it found of the planted faults."""
    head = module_head(simulated=manifest.simulated)
    rows = [(code(name), *cells)[: len(head)] for name, cells in module_rows(manifest.modules)]
    return table("What each part did", head, rows)


def module_head(*, simulated: bool) -> tuple[str, ...]:
    """The columns of that table; what was found of planted faults is known of a simulated run only."""
    head = ("part", "changed", "turned away", "calls a record", "tokens a record")
    return (*head, "planted found", "missed", "unknown", "harmed") if simulated else head


def module_rows(modules: Mapping[str, Any]) -> list[tuple[str, tuple[str, ...]]]:
    """The parts of a run with their cells: changed, turned away, calls and tokens for each accepted record, planted
    faults found, missed and unknown (`run.json` has them by fault), and clean records harmed."""
    rows = []
    for name, told in modules.items():
        faults = told.get("faults", {})
        planted = [
            f"{sum(n[key] for n in faults.values()):,}" if faults else "–" for key in ("found", "missed", "unknown")
        ]
        harmed = f"{told.get('harmed', 0):,} of {told['clean']:,}" if "clean" in told else "–"
        asked = [f"{told[key]:,}" if told.get(key) is not None else "–" for key in ("calls", "tokens")]
        rows.append((name, (f"{told['changed']:,}", f"{told['turned_away']:,}", *asked, *planted, harmed)))
    return rows


def _harder(manifest: Manifest) -> str:
    """What the difficulty operators came to, with the solver's pass rates where they were measured."""
    rows = []
    for name, told in manifest.shift.get("operators", {}).items():
        rate = told.get("pass_rate")
        measured = f"{rate['before']:.2f} → {rate['after']:.2f} ({rate['n']})" if rate else "–"
        stayed = ", ".join(f"{count} {why}" for why, count in told["why_not"].items()) or "–"
        rows.append((code(name), f"{told['tried']:,}", f"{told['harder']:,}", line(stayed), measured))
    head = ("operator", "tried", "harder", "parent stayed", "pass rate of the solver (records)")
    drawn = table("Difficulty", head, rows)
    rates = manifest.shift.get("pass_rate") or {}
    if rates.get("rejected") is not None:
        shown = f"{rates['accepted']:.2f} accepted, {rates['rejected']:.2f} rejected"
        drawn += f"\nPass rate of measured records: {shown}.\n"
    return drawn


def _shift(manifest: Manifest) -> str:
    """Which attribute values were turned away more often than others."""
    rows = [
        (code(name), line(value), f"{counts['accepted']:,}", f"{counts['rejected']:,}", f"{_kept(counts):.2f}")
        for name, values in manifest.shift.get("attributes", {}).items()
        for value, counts in values.items()
    ]
    head = ("attribute", "value", "accepted", "rejected attempts", "share accepted")
    return table("Attributes of accepted and rejected attempts", head, rows)


def _kept(counts: Mapping[str, int]) -> float:
    return counts["accepted"] / (counts["accepted"] + counts["rejected"])


def outcomes(counts: Mapping[str, int]) -> str:
    """`12 pass, 3 fail`, or a dash where nothing was checked."""
    return ", ".join(f"{counts[name]:,} {name}" for name in ("pass", "fail", "unknown") if counts.get(name)) or "–"


def _next(manifest: Manifest) -> str:
    """The commands that a reader of the folder may want next, as they can be pasted."""
    run = shlex.quote(manifest.run)
    more = [("makes what is missing", manifest.resume_command)] if manifest.accepted < manifest.count else []
    commands = [
        ("rows", f"datagen show {run}"),
        ("what was turned away, and why", f"datagen show {run} --rejected --by reason"),
        ("one record's history", f"datagen why {run} ID"),
        ("all of it in a browser, to be searched and reviewed", f"datagen view {run}"),
        ("what the set is worth, as a page", f"datagen eval {run} --html page.html"),
        ("a file for training", f"datagen export {run} --to messages -o train.jsonl"),
        ("makes the folder small", f"datagen prune {run}"),
        *more,
    ]
    rows = [(what, code(command)) for what, command in commands if command]
    return table(NEXT, ("to get", "command"), rows)


def _licences(manifest: Manifest) -> list[str]:
    """What is known of the terms of the base and of the models."""
    found = []
    if manifest.base:
        known = line(manifest.base.get("licence", ""))
        found.append(f"base: {known or 'not stated, `base: {license: …}` in a recipe states it'}")
    for name in dict.fromkeys(name for names in manifest.models.values() for name in names):
        if name == OFFLINE:
            found.append("the offline model is part of datagen (Apache-2.0)")
        else:
            stated = line(manifest.licences.get(name, ""))
            found.append(
                f"model {line(name)}: {stated or 'not known here, look at the terms of who made or serves it'}"
            )
    return found


def _how(manifest: Manifest) -> str:
    models = "; ".join(f"{role}: {', '.join(names)}" for role, names in manifest.models.items())
    lines = [
        "## How it was made",
        "",
        f"- recipe {code(manifest.recipe.get('name'))}, digest `{manifest.recipe.get('digest')}`",
    ]
    lines.append(f"- models: {line(models)}")
    if manifest.base:
        lines.append(f"- base: {manifest.base.get('rows'):,} rows, sha256 `{manifest.base.get('digest', '')[:16]}`")
    lines.append(f"- licences: {'; '.join(_licences(manifest))}")
    lines.append("- `recipe.lock.yaml` of the run's folder holds the recipe as resolved; `datagen why` tells histories")
    return "\n".join(lines) + "\n"
