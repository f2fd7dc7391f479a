"""Which fields a recipe has, of which types, and what its label's values and quota are, from the recipe and the base.

The type of a field is the one given, else the JSON type that most values of its column have (a text that looks like a
number stays text). A label takes the form that the base has: an index stays a number, a letter a text.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from datagen_cli.config.fields import PROGRAM, RESERVED, FieldOptions, LabelOptions, label_text
from datagen_cli.config.recipe import RecipeOptions
from datagen_cli.core.errors import DataError, RecipeError
from datagen_cli.core.fields import FieldSpec, WrongType, plain, to_boolean, to_number
from datagen_cli.core.registry import suggest
from datagen_cli.sources.mapping import BadValue, FieldReader, read_value, readers_of

SAMPLE_ROWS = 1_000
MAX_BALANCED_VALUES = 50
MIN_BALANCED_ROWS = 5
MAX_QUOTA_VALUES = 1_000
_JSON_TYPES = {bool: "boolean", int: "number", float: "number", str: "text", list: "list", dict: "json"}

BaseRow = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LabelPlan:
    """The label: its field, its values in the base's form, what they mean, and their weights.

    `values` is empty when any may stand there; `shares` is empty without a quota, else a weight for every value.
    """

    field: str
    values: tuple[Any, ...] = ()
    definitions: Mapping[Any, str] = dataclasses.field(default_factory=dict)
    shares: tuple[tuple[Any, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Resolved:
    """The fields in order, the label, and how those that are in the base are read from it."""

    specs: tuple[FieldSpec, ...]
    label: LabelPlan | None
    readers: tuple[tuple[FieldReader, FieldSpec], ...]


def resolve(options: RecipeOptions, rows: Sequence[BaseRow]) -> Resolved:
    """Fields and label of a recipe with these base rows (none without a base).

    Raises `RecipeError` for what the recipe says wrong, `DataError` for what the base does not have.
    """
    fields = options.fields if options.fields is not None else _text_columns(rows)
    readers = _base_readers(options, fields, rows)
    _check_write(options, fields)
    specs = [_spec(name, given, options, readers.get(name), rows[:SAMPLE_ROWS]) for name, given in fields.items()]
    label = _label_plan(options, options.label, rows, specs, readers) if options.label is not None else None
    if label is not None:
        specs = [_as_label(spec, label, rows, readers.get(spec.name)) for spec in specs]
    by_name = {spec.name: spec for spec in specs}
    return Resolved(tuple(specs), label, tuple((reader, by_name[name]) for name, reader in readers.items()))


def _spec(
    name: str, given: FieldOptions, options: RecipeOptions, reader: FieldReader | None, sample: Sequence[BaseRow]
) -> FieldSpec:
    """A field, without the label's values."""
    kind, item_type = _type_in_base(reader, sample) if reader is not None else ("", "")
    if given.json_schema is not None:
        kind = "json"
    return FieldSpec(
        name=name,
        type="text" if given.type == PROGRAM else given.type or kind or "text",
        description=given.description,
        keep=given.keep,
        written=options.write is None or name in options.write,
        schema=given.json_schema or {},
        item_type=item_type if (given.type or kind) == "list" else "",
        code=given.type == PROGRAM,
    )


def _label_plan(
    options: RecipeOptions, label: LabelOptions, rows: Sequence[BaseRow], specs: Sequence[FieldSpec],
    readers: Mapping[str, FieldReader],
) -> LabelPlan:  # fmt: skip
    """The label's values in the base's form and its quota.

    Without a `quota`: balanced when values are given, or when the base has at most 50 with at least 5 rows each.
    """
    spec = _label_spec(label, specs)
    reader = readers.get(label.field)
    counts = _label_counts(rows, reader, spec) if reader else Counter[Any]()
    kind = _kind(spec, counts)
    quota = label.quota
    if label.values is not None:
        values = _in_base_form(list(label.values), counts, kind, "label.values")
    elif isinstance(quota, dict):
        values = _values_of_quota(quota, counts, kind)
    elif quota in ("balanced", "base") or (quota is None and _few(counts)):
        values = _values_of_base(counts, label)
    else:
        return LabelPlan(label.field)
    if quota is None:
        quota = "balanced" if options.method == "instance" else "none"
    given = list((label.values or {}).values())
    definitions = dict(zip(values, given, strict=True)) if given else {}
    return LabelPlan(label.field, values, definitions, _shares(quota, values, counts, kind))


def _text_columns(rows: Sequence[BaseRow]) -> dict[str, FieldOptions]:
    """All columns of an all-text base as fields. Raises `DataError` that names those that are not text."""
    columns = list(dict.fromkeys(str(column) for row in rows for column in row))
    taken = [column for column in columns if column in RESERVED]
    other = [c for c in columns if any(row.get(c) is not None and not isinstance(row[c], str) for row in rows)]
    hint = f"say under fields what a record is made of; columns: {', '.join(columns[:20])}"
    if other:
        raise DataError(f"fields is missing, and not all columns of the base are text: {', '.join(other)}", hint=hint)
    if taken:
        raise DataError(f"fields is missing, and the base has columns of reserved names: {', '.join(taken)}", hint=hint)
    return {column: FieldOptions(column=column) for column in columns}


def _base_readers(
    options: RecipeOptions, fields: Mapping[str, FieldOptions], rows: Sequence[BaseRow]
) -> dict[str, FieldReader]:
    """Readers of the fields that the base has.

    A field that only says what it is (a type, no column) and is no column of the base is new: the model writes it, base
    rows do not have it. With the methods response and enhance a field that is not to be written must be a column.
    """
    readers = readers_of(fields)
    if options.base is None:
        for name, reader in readers.items():
            if reader.explicit:
                hint = f"say what it is: `{name}: {{type: text}}`, or add a base"
                raise RecipeError(f"fields.{name}: names a column, but the recipe has no base", hint=hint)
        return {}
    columns = {str(column) for row in rows[:SAMPLE_ROWS] for column in row}
    written, given_by_base = options.write or (), options.method != "instance"
    found = {
        name: reader
        for name, reader in readers.items()
        if reader.explicit or name in columns or (name not in written and (given_by_base or reader.type is None))
    }
    if not found and rows:
        hint = f"columns: {', '.join(sorted(columns)[:20])}"
        raise DataError("none of the fields is a column of the base", hint=hint)
    return found


def _check_write(options: RecipeOptions, fields: Mapping[str, FieldOptions]) -> None:
    for name in options.write or ():
        if name not in fields:
            raise RecipeError(f"write: there is no field {name!r}", hint=suggest(name, fields))


def _type_in_base(reader: FieldReader, rows: Sequence[BaseRow]) -> tuple[str, str]:
    """The JSON type that most values have, and of a list the type of all its items; empty when unknown."""
    types: Counter[str] = Counter()
    items: set[str] = set()
    for row in rows:
        try:
            value = reader.read(row)
        except BadValue:
            continue
        types[_json_type(value)] += 1
        if isinstance(value, list):
            items.update(map(_json_type, value))
    if not types:
        return "", ""
    kind = types.most_common(1)[0][0]
    item_type = items.pop() if kind == "list" and len(items) == 1 else ""
    return kind, item_type if item_type in ("text", "number", "boolean") else ""


def _json_type(value: Any) -> str:
    return _JSON_TYPES.get(type(value), "")


def _label_spec(label: LabelOptions, specs: Sequence[FieldSpec]) -> FieldSpec:
    by_name = {spec.name: spec for spec in specs}
    if label.field not in by_name:
        raise RecipeError(f"label: there is no field {label.field!r}", hint=suggest(label.field, by_name))
    spec = by_name[label.field]
    if spec.type in ("list", "json"):
        hint = (
            "a label is one text, number or boolean; of several choices it is the chosen one, its index or its letter"
        )
        raise RecipeError(f"label: field {label.field!r} is {spec.type}", hint=hint)
    return spec


def _label_counts(rows: Sequence[BaseRow], reader: FieldReader, spec: FieldSpec) -> Counter[Any]:
    """How often each label occurs in the base, of the values that have its most frequent JSON type."""
    kinds: dict[str, Counter[Any]] = {}
    free = replace(spec, values=())
    for row in rows:
        try:
            value = read_value(row, reader, free)
        except BadValue:
            continue
        kinds.setdefault(_json_type(value), Counter())[value] += 1
    return max(kinds.values(), key=lambda counts: counts.total()) if kinds else Counter()


def _kind(spec: FieldSpec, counts: Counter[Any]) -> str:
    if spec.type in ("number", "boolean"):
        return spec.type
    return _json_type(next(iter(counts))) if counts else "text"


def _few(counts: Counter[Any]) -> bool:
    return 0 < len(counts) <= MAX_BALANCED_VALUES and min(counts.values()) >= MIN_BALANCED_ROWS


def _in_base_form(texts: Sequence[str], counts: Counter[Any], kind: str, where: str) -> tuple[Any, ...]:
    """Values written in the recipe (texts) in the form that the base has, or that the field's type asks for."""
    exact = {label_text(value): value for value in counts}
    folded = {plain(value): value for value in sorted(counts, reverse=True)}
    found = []
    for text in texts:
        value = exact.get(text, folded.get(plain(text)))
        if value is None:
            try:
                value = {"number": to_number, "boolean": to_boolean}.get(kind, str)(text)
            except WrongType as error:
                raise RecipeError(f"{where}: {text!r} is not a {kind}, as the field's values are") from error
        found.append(value)
    if len(set(map(plain, found))) < len(found) and len(set(found)) < len(found):
        raise RecipeError(f"{where}: two values are the same in the base's form")
    return tuple(found)


def _values_of_quota(quota: Mapping[str, float], counts: Counter[Any], kind: str) -> tuple[Any, ...]:
    """The base's values, which must hold those that the quota names; without a base those that it names."""
    named = _in_base_form(list(quota), counts, kind, "label.quota")
    if not counts:
        return named
    unknown = [label_text(value) for value in named if value not in counts]
    if unknown:
        hint = suggest(unknown[0], [label_text(value) for value in counts][:MAX_BALANCED_VALUES])
        raise DataError(f"label.quota: the base has no label {unknown[0]!r}", hint=hint)
    return tuple(dict.fromkeys((*named, *_ordered(counts))))


def _values_of_base(counts: Counter[Any], label: LabelOptions) -> tuple[Any, ...]:
    if not counts:
        hint = "list them: `label: {field: ..., values: [...]}`"
        raise RecipeError(f"label.quota: {label.quota} needs the label's values, and no base has them", hint=hint)
    if len(counts) > MAX_QUOTA_VALUES:
        hint = "list the values you want, or use quota: none"
        raise DataError(f"label.quota: field {label.field!r} has {len(counts):,} different values", hint=hint)
    return _ordered(counts)


def _ordered(counts: Counter[Any]) -> tuple[Any, ...]:
    """Values of one JSON type, smallest first: the order of the base's rows does not matter."""
    return tuple(sorted(counts))


def _shares(quota: Any, values: tuple[Any, ...], counts: Counter[Any], kind: str) -> tuple[tuple[Any, float], ...]:
    if quota == "none":
        return ()
    if quota == "balanced":
        return tuple((value, 1.0) for value in values)
    if quota == "base":
        if not any(counts[value] for value in values):
            raise RecipeError("label.quota: base needs a base with these labels", hint="use quota: balanced or weights")
        return tuple((value, float(counts[value])) for value in values)
    weights = dict(zip(_in_base_form(list(quota), Counter(values), kind, "label.quota"), quota.values(), strict=True))
    return tuple((value, float(weights.get(value, 0.0))) for value in values)


def _as_label(spec: FieldSpec, label: LabelPlan, rows: Sequence[BaseRow], reader: FieldReader | None) -> FieldSpec:
    """The label's field with its values; without values it keeps the one JSON type that the base has."""
    if spec.name != label.field:
        return spec
    if label.values:
        return replace(spec, type="label", values=label.values)
    if spec.type == "label" and reader is not None:
        kind = _type_in_base(reader, rows[:SAMPLE_ROWS])[0]
        return replace(spec, type=kind) if kind in ("number", "boolean") else spec
    return spec
