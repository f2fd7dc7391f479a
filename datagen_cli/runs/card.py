"""The dataset card, `README.md` of a run folder: what is in it, how it was made, what was refused and why."""

from __future__ import annotations

from collections.abc import Mapping

from datagen_cli.core.jsonl import write_aside
from datagen_cli.runs.folder import RunFolder
from datagen_cli.runs.manifest import Manifest
from datagen_cli.runs.markdown import code, line, paragraphs, quoted, table
from datagen_cli.runs.shape import Shape
from datagen_cli.runs.spending import total_of


def write_card(
    folder: RunFolder, name: str, description: str, manifest: Manifest, shape: Shape, labels: Mapping[str, int]
) -> None:
    """Writes the card beside the dataset."""
    parts = [
        _front(name, manifest),
        f"# {line(name)}\n\n{paragraphs(description)}\n",
        _simulated(manifest),
        _counts(manifest),
        _fields(shape),
        _counted("Labels", ("label", "records"), labels),
        _counted("Refused attempts", ("reason", "attempts"), manifest.rejected),
        _checks(manifest),
        _cost(manifest),
        _how(manifest),
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


def _counted(title: str, head: tuple[str, str], counts: Mapping[str, int]) -> str:
    return table(title, head, [(line(name), f"{count:,}") for name, count in counts.items()])


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


def _checks(manifest: Manifest) -> str:
    rows = []
    for name, counted in manifest.checks.items():
        before, after = counted.get("before", {}), counted.get("after", {})
        rows.append((code(name), _outcomes(before), _outcomes(after)))
    told = table("Checks", ("check", "every attempt, first verdict", "accepted records"), rows)
    return "\n".join([told, *(f"- {line(remark)}" for remark in manifest.remarks), *([""] if manifest.remarks else [])])


def _outcomes(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{counts[name]} {name}" for name in ("pass", "fail", "unknown") if counts.get(name)) or "–"


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
    lines.append("- `recipe.lock.yaml` holds the recipe as resolved; `datagen why RUN ID` tells one record's history")
    return "\n".join(lines) + "\n"
