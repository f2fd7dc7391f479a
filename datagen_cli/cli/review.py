"""`datagen review`: steps through the records of a run and writes down what a person says of each."""

from __future__ import annotations

import json
import shlex
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from datagen_cli.cli import console, keys
from datagen_cli.cli import options as given
from datagen_cli.cli.run_folder import resuming, say_damage, show_record
from datagen_cli.core.errors import DataError, Place, UsageError
from datagen_cli.core.files import parse_object
from datagen_cli.core.system import open_given
from datagen_cli.core.whole_number import whole_number
from datagen_cli.runs.reader import RunReader
from datagen_cli.runs.review import FILE, KINDS, NOT_JUDGED, Decision, ReviewFile, in_sample, read_decision

EXAMPLES = (
    "datagen review runs/quickstart --sample 50",
    "datagen review runs/quickstart --from decisions.jsonl --json",
)
KEYS = "k keep · r reject · e edit · u undo · s skip · q quit"
A_LINE = f'a line each: {{"id": …, "decision": "{"|".join(KINDS)}"}}'
Row = dict[str, Any]


def command(
    run: given.RunArgument,
    sample: Annotated[
        int | None, given.option(None, "N", "N records drawn at random; all in order without it.", "--sample", min=1)
    ] = None,
    from_: Annotated[
        str | None,
        given.option(None, "FILE", "Take decisions from a JSON Lines file, or - for stdin, and ask nobody.", "--from"),
    ] = None,
    json_: given.Json = False,
) -> int:
    """Step through records: keep, reject with a reason, edit, undo.

    Decisions go to review.jsonl in the run folder, one at a time; the same command goes on where it was left. After
    that `datagen generate` makes rejected records anew, and `datagen eval` says how many were right.
    """
    reader = RunReader(Path(run))
    rows = {str(row.get("id")): row for row in reader.rows()}
    say_damage(reader)
    file = ReviewFile(Path(run))
    if from_ is None and (json_ or not console.is_terminal(sys.stdin)):
        hint = f"give decisions with --from FILE (or -), {A_LINE}"
        raise UsageError("review: there is no terminal to ask in", hint=hint)
    if from_ is not None:
        file.append(*_given(from_, rows))
    else:
        _Desk(file, rows, in_sample(rows.values(), sample, seed=reader.manifest.seed)).work()
    return _tell(run, reader, rows, json_)


def _given(source: str, rows: dict[str, Row]) -> list[Decision]:
    """The decisions of a file. Raises `DataError` at the first that makes no sense: then none is taken."""
    found = []
    for number, raw in enumerate(_lines(source), start=1):
        if not raw.strip():
            continue
        place = Place("stdin" if source == "-" else source, number)
        value = parse_object(raw)
        if value is None:
            raise DataError("expected a JSON object on every line", hint=A_LINE, place=place)
        found.append(read_decision(value, rows, place))
    return found


def _lines(source: str) -> Iterator[bytes]:
    if source == "-":
        yield from sys.stdin.buffer
        return
    try:
        with open_given(source) as file:
            yield from file
    except OSError as error:
        raise DataError(
            f"cannot be read: {error.strerror or error}",
            hint="name a file of decisions, or - for stdin",
            place=Place(source),
        ) from error


def _tell(run: str, reader: RunReader, rows: dict[str, Row], as_json: bool) -> int:
    review = ReviewFile(Path(run)).read()
    found = [review.of(row) for row in rows.values()]
    counts: Counter[str] = Counter(decision.decision for decision in found if decision is not None)
    left = sum(decision is None for decision in found)
    if as_json:
        told = {"run": run, "decisions": len(review.decisions), **{kind: counts[kind] for kind in KINDS}, "left": left}
        console.emit_json({**told, "damaged": len(review.damaged)})
    else:
        console.say(
            f"kept {counts['keep']:,} · rejected {counts['reject']:,} · edited {counts['edit']:,} · left {left:,}"
        )
    if review.damage:
        console.note(f"{FILE}: {review.damage}")
    asks = any(one.asks_for_change(row) for one, row in zip(found, rows.values(), strict=True) if one is not None)
    again = resuming(reader.document.get("resume_command"), run)
    console.next_step(again if asks else f"datagen eval {shlex.quote(run)}")
    return 0


@dataclass
class _Desk:
    """The person's place: records come one after another, those that are decided are passed over."""

    file: ReviewFile
    rows: dict[str, Row]
    ids: list[str]

    def work(self) -> None:
        """Until every record is decided, or the person leaves."""
        review = self.file.read()
        waiting = [name for name in self.ids if review.of(self.rows[name]) is None]
        place = 0
        while place < len(waiting):
            row = self.rows[waiting[place]]
            done = len(self.ids) - len(waiting) + place + 1
            console.paragraph(console.painted_out(f"\n{done:,} of {len(self.ids):,}", "1;36"))
            show_record(row)
            step = self._decide(row)
            if step is None:
                return
            if isinstance(step, str):  # an undone decision: its record comes again
                place = waiting.index(step) if step in waiting else place
                if step in self.ids and step not in waiting:
                    waiting.insert(place, step)
                continue
            place += step

    def _decide(self, row: Row) -> int | str | None:
        """One key, and what belongs to it: how many records to go on, the id of an undone decision, None to leave."""
        console.say(KEYS)
        while True:
            pressed = keys.key().lower()
            if pressed in ("q", keys.CLOSED, "\x1b"):
                return None
            if pressed == "s":
                return 1
            if pressed == "u":
                undone = self.file.undo()
                console.say(f"taken back: {undone.decision} {undone.id}" if undone else "there is nothing to take back")
                return undone.id if undone else 0
            if pressed == "k":
                return self._write({"decision": "keep"}, row)
            if pressed == "r":
                return self._write(
                    {"decision": "reject", "reason": keys.line("why? (one line; it goes into prompts)")}, row
                )
            if pressed == "e":
                return self._edit(row)

    def _write(self, value: dict[str, Any], row: Row) -> int:
        self.file.append(read_decision({"id": row["id"], **value}, self.rows))
        console.say(f"{value['decision']}: {row['id']}")
        return 1

    def _edit(self, row: Row) -> int:
        names = [name for name in row if name not in NOT_JUDGED]
        name = names[0]
        if len(names) > 1:
            listed = ", ".join(f"{number} {name}" for number, name in enumerate(names, start=1))
            wanted = keys.line(f"which field? {listed}")
            name = names[at - 1] if (at := whole_number(wanted)) and at <= len(names) else wanted
        try:
            if name not in names:
                raise DataError(f"there is no field {name!r}")
            old = row[name]
            plain = isinstance(old, str) or old is None
            new = keys.text(old or "" if plain else json.dumps(old, ensure_ascii=False), ".txt" if plain else ".json")
            return self._write({"decision": "edit", "fields": {name: new if plain else _value(new)}}, row)
        except UsageError as error:
            console.say(f"not changed: {error.message}")
            return 0


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"not JSON: {error}") from error
