"""`datagen export`: the accepted records of a run in the form that a training library, a table or the hub reads."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from datagen_cli.cli import complete, console, push_options
from datagen_cli.cli import options as given
from datagen_cli.cli.invocation import same_command
from datagen_cli.cli.outputs import refuse_ending
from datagen_cli.cli.run_folder import say_damage
from datagen_cli.cli.under_way import Say, under_way
from datagen_cli.core.errors import Place, UsageError
from datagen_cli.core.files import read_regular
from datagen_cli.core.jsonl import make_folder, write_aside
from datagen_cli.core.registry import load
from datagen_cli.core.telling import telling
from datagen_cli.evaluation.card import measured_section
from datagen_cli.evaluation.run_facts import RUNNING, UNENDED
from datagen_cli.export.format import Columns, Exported, Format, Row, plain
from datagen_cli.export.selection import as_reviewed, columns_of_run, conversation_in, weak_parents
from datagen_cli.export.split import clusters, parse_split, split_rows
from datagen_cli.runs.card import MEASURED, NEXT
from datagen_cli.runs.reader import RunReader
from datagen_cli.runs.review import FILE, ReviewFile

EXAMPLES = (
    "datagen export runs/tickets --to messages -o train.jsonl",
    "datagen export runs/quickstart --to csv -o quickstart.csv",
    "datagen export runs/tickets --to hf -o tickets --split train=0.8,test=0.2 --allow-simulated",
)
_NO_TEXT = re.compile("y|n|yes|no|on|off|true|false|null", re.IGNORECASE)
FILES = (".jsonl", ".json", ".csv", ".tsv", ".parquet")
MOST_VALUES = 12
"""Values of a label that a proposed instruction names."""
WHOLE = "train"
"""The name of the one split that a folder without `--split` holds."""


def command(
    run: given.RunArgument,
    to: Annotated[str, given.option(None, "FORMAT", "See datagen list formats.", offers=complete.formats)],
    out: Annotated[str, given.option(None, "PATH", "The file, or the folder, to write.", "--out", "-o")],
    prompt: Annotated[list[str] | None, given.option(None, "FIELD", "A field that asks; repeatable.")] = None,
    completion: Annotated[
        list[str] | None, given.option(None, "FIELD", "A field that answers; repeatable. The label without it.")
    ] = None,
    separator: Annotated[
        str, given.option(None, "TEXT", "Ends every prompt of prompt-completion and preference, e.g. '\\n'.")
    ] = "",
    instruction: Annotated[
        str, given.option(None, "TEXT", "Says what is asked of every row: a system message, or alpaca's instruction.")
    ] = "",
    split: Annotated[str | None, given.option(None, "NAME=SHARE,…", "Files by split: train=0.8,test=0.2.")] = None,
    bom: Annotated[
        bool, given.option(None, "", "csv: begin with a byte order mark, by which Excel knows UTF-8.", "--bom")
    ] = False,
    allow_simulated: Annotated[
        bool, given.option(None, "", "Let rows of the offline model go to the hub's layout.", "--allow-simulated")
    ] = False,
    push: push_options.Push = None,
    public: push_options.Public = False,
    dry_run: push_options.DryRun = False,
    allow_host: given.AllowHost = None,
    json_: given.Json = False,
) -> int:
    """Write a run for training, for a table or for the hub.

    The dataset's card is written beside it. Splits keep records together that were written together: parents with
    children, and the groups of a correlated run. Rows that a review rejected are left out. With --to hf, --push
    sends the folder to the hub, privately; the same command again sends what is missing.
    """
    hub = push_options.target(to, out, push, allow_host or (), public=public, dry_run=dry_run)
    shelf: type[Format] = load("formats", to)
    record = RunReader(Path(run))
    with under_way() as say:
        whole, left_out = _rows(run, record, say, pairs=shelf.pairs)
        simulated = record.manifest.simulated
        if simulated and getattr(shelf, "refuses_simulated", False) and not allow_simulated:
            raise UsageError(
                f"{run}: its rows are simulated, and --to {to} is for publishing",
                hint="--allow-simulated if you mean it; a real model writes real rows: --model with generate",
            )
        shares = parse_split(split) if split is not None else None
        columns = columns_of_run(whole.rows[0], record.recipe, prompt or (), completion or ())
        ends = separator.replace("\\n", "\n").replace("\\t", "\t")
        columns = replace(columns, separator=ends, instruction=instruction)
        _refuse(shelf, to, out, columns, bom=bom, folder=shares is not None or hasattr(shelf, "folder"))
        if not prompt and not completion:
            columns = replace(columns, conversation=conversation_in(whole.rows))
        data = _split(record, replace(whole, mark=bom), shares)
        card = _card_of(record)
        say(f"writing {out}")
        made = push_options.beside(out) if hub is not None and Path(out).exists() else nullcontext(out)
        with made as place:
            files = _write(shelf, columns, place, data, folder=shares is not None or hasattr(shelf, "folder"))
            if files:
                files.append(_card(record, card, Path(place), data))
            files = [Path(out) / file.relative_to(place) if place != out else file for file in files]
    result = {
        "run": run, "format": to, "files": [str(file) for file in files], "prompt": columns.asking,
        "completion": columns.answering, "rows": {name: shelf(columns).size(part) for name, part in data.items()},
        "left_out": left_out, "simulated": simulated, "state": record.state,
        "accepted": record.manifest.accepted, "count": record.manifest.count,
    }  # fmt: skip
    if not json_ or out == "-":
        _say(result, shelf, columns.conversation)
        _warn(shelf, columns, whole.rows, record.label or "", bom=bom)
    if hub is not None:
        result["push"] = push_options.sent(hub, Path(out), quiet=json_, dry_run=dry_run)
    if json_ and out != "-":
        console.emit_json(result)
    if dry_run:
        console.next_step(same_command({"--dry-run": False, "--json": False}))
    else:
        console.next_step(f"datagen eval {shlex.quote(run)} --html report.html")
    return 0


def _refuse(shelf: type[Format], to: str, out: str, columns: Columns, *, bom: bool, folder: bool) -> None:
    """Raises `UsageError` for what a format cannot have, and for a folder that is called like a file."""
    if columns.instruction and not (shelf.asks or shelf.pairs):
        hint = "it is for messages, sharegpt, alpaca, prompt-completion and preference"
        raise UsageError(f"--instruction: {to} asks nothing", hint=hint)
    if columns.separator and not shelf.joins:
        raise UsageError(f"--separator: {to} has roles or columns", hint="it is for prompt-completion and preference")
    if bom and not shelf.marks:
        raise UsageError(f"--bom: {to} has no byte order mark", hint="it is for --to csv")
    ending = Path(out).suffix.lower()
    if folder and ending in FILES and out != "-":
        name = Path(out).with_suffix("")
        what = "splits are files in a folder" if to != "hf" else "the hub's layout is a folder"
        raise UsageError(f"-o {out}: {what}, but this is the name of a file", hint=f"-o {shlex.quote(str(name))}")
    if not folder:
        refuse_ending("-o", out, shelf.suffix)


def _rows(run: str, record: RunReader, say: Say, *, pairs: bool) -> tuple[Exported, int]:
    """Accepted rows as reviewed with what is worse, and how many rows a review left out. Raises `UsageError`."""
    review = ReviewFile(record.folder).read()
    of = f"of {record.manifest.accepted:,} rows"
    read = telling(record.rows(), lambda done: say(f"reading {record.folder}: {done:,} {of}"))
    rows, left_out = as_reviewed(read, review)
    if review.damage:
        console.note(f"{FILE}: {review.damage}")
    if not rows:
        what = "every record was rejected in review" if left_out else "the run has no accepted record"
        if record.manifest.state == RUNNING:
            what = UNENDED
        raise UsageError(f"{what}: nothing to export", hint=f"datagen status {shlex.quote(run)}", place=Place(run))
    found = Exported(rows, [*record.rejected()] if pairs else [], weak_parents(record) if pairs else {})
    say_damage(record)
    return found, left_out


def _split(record: RunReader, whole: Exported, shares: Mapping[str, float] | None) -> dict[str, Exported]:
    if shares is None:
        return {WHOLE: whole}
    ties = clusters([str(row["id"]) for row in whole.rows], record.lineage())
    parts = split_rows(whole.rows, shares, ties, record.label)
    return {name: replace(whole, rows=part, whole=whole.rows) for name, part in parts.items()}


def _write(
    shelf: type[Format], columns: Columns, out: str, data: Mapping[str, Exported], *, folder: bool
) -> list[Path]:
    """Writes one file a split into a folder, else one file; `-` is standard output. Returns what was written."""
    made = shelf(columns)
    if out == "-":
        if folder or shelf.binary:
            raise UsageError("-o -: this format is no text", hint="name a file or a folder")
        for line in made.parts(data[WHOLE]):
            console.out(line.decode("utf-8").removesuffix("\n"))
        return []
    target = Path(out)
    if type(made).lines is not Format.lines:  # pairs: whether there are any is known before a file is written
        for part in data.values():
            list(made.lines(part))
    if target.exists():
        raise UsageError("exists already", hint="name another with -o; nothing is overwritten", place=Place(out))
    if not folder:
        make_folder(target.parent)
        made.write(target, data[WHOLE])
        return [target]
    inside = target / str(getattr(shelf, "folder", ""))
    make_folder(inside)
    files = [inside / f"{name}{shelf.suffix}" for name in data]
    for file, part in zip(files, data.values(), strict=True):
        made.write(file, part)
    return files


def _card_of(record: RunReader) -> str:
    """The text of a run's card; empty where it has none. Raises `DataError` for a link: what it names is not ours to
    hand out, and the export may go to the hub."""
    card = record.folder / "README.md"
    return read_regular(card).decode("utf-8", "replace") if os.path.lexists(card) else ""


def _card(record: RunReader, text: str, target: Path, data: Mapping[str, Exported]) -> Path:
    """Writes the run's card beside the file, or on top of the folder, with the files that it now stands for."""
    text = text or f"# {target.stem}\n"
    body = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL).lstrip()
    kept = re.findall(r"^(?:pretty_name|tags): .*$", text[: len(text) - len(body)], flags=re.MULTILINE)
    measured = measured_section(record)
    for title, section in ((NEXT, ""), *([(MEASURED, f"{measured}\n")] if measured else [])):
        found = re.compile(rf"^## {title}\n.*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)
        body = found.sub(section.replace("\\", r"\\"), body, count=1)
    if target.is_dir():
        files = {file.stem: file.relative_to(target) for file in target.rglob("*.*") if file.is_file()}
        parts = [f"  - split: {_bare(name)}\n    path: {_bare(files[name].as_posix())}" for name in data]
        where = "configs:\n- config_name: default\n  data_files:\n" + "\n".join(parts)
        path = target / "README.md"
    else:
        where = f"configs:\n- config_name: default\n  data_files: [{_bare(target.name)}]"
        path = target.with_name(f"{target.name}.README.md")
    front = "\n".join(["---", *kept, where, "---", ""])
    write_aside(path, [f"{front}\n{body}".encode()])
    return path


def _bare(name: str) -> str:
    """A name as YAML reads it as a text; bare where it may be."""
    bare = re.fullmatch(r"[A-Za-z_][\w./-]*", name, re.ASCII) and not _NO_TEXT.fullmatch(name)
    return name if bare else json.dumps(name, ensure_ascii=False)


def _say(result: Mapping[str, Any], shelf: type[Format], conversation: str) -> None:
    for name in result["files"]:
        console.say(f"wrote {name}")
    counts = [f"{name} {count:,}" for name, count in result["rows"].items()]
    console.say(f"rows: {', '.join(counts) if len(counts) > 1 else counts[0].split()[-1]}")
    if result["accepted"] < result["count"]:
        of = f"{result['accepted']:,} of the {result['count']:,} records that were asked for"
        console.note(f"{result['run']} holds {of} (state: {result['state']}): datagen status says how to go on")
    if result["left_out"]:
        console.say(f"left out, rejected in review: {result['left_out']:,}")
    if shelf.converses and conversation:
        console.say(console.indented(f"turns: {conversation}"))
    elif shelf.asks:
        fields = f"prompt: {', '.join(result['prompt'])} · completion: {', '.join(result['completion'])}"
        console.say(console.indented(fields))
    if result["simulated"]:
        console.say("simulated: written by the offline model, for trying things out; not for training")


def _warn(shelf: type[Format], columns: Columns, rows: Sequence[Row], label: str, *, bom: bool) -> None:
    """What the reader of the file may make of it."""
    if shelf.marks and not bom and any(not plain(list(row.values())).isascii() for row in rows):
        console.note("Excel reads letters such as é wrongly without a byte order mark: --bom writes one")
    if shelf.joins and not columns.separator and not (shelf.converses and columns.conversation):
        console.note(
            "trainers such as TRL put an answer right behind its prompt: --separator '\\n' ends each prompt with a line"
            " break, --to messages has roles"
        )
    values = list(dict.fromkeys(plain(row.get(label)) for row in rows))
    few = 1 < len(values) <= MOST_VALUES and 2 * len(values) <= len(rows)
    if shelf.asks and columns.answering == (label,) and few and not columns.instruction:
        asks = f"What is the {label.replace('_', ' ')}? Answer with one of: {', '.join(sorted(values))}"
        console.note(f"nothing tells a chat model what to answer: --instruction {shlex.quote(asks)}")
