"""From a row of the base to the recipe's fields: columns, regular expressions, splits, templates and choices.

Each field has a `FieldReader`, made once; what it reads is then brought into the field's type by `core.fields.coerce`.
A row without a column, with null or an empty value, whose regular expression does not match, or whose value is not of
the type, is a bad row: `BadValue` names the field and the column.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Any

from datagen_cli.config.fields import FieldOptions, label_text
from datagen_cli.core.errors import RecipeError
from datagen_cli.core.fields import FieldSpec, WrongType, coerce, describe_type, has_decimal_comma, number_text
from datagen_cli.core.regex import TooSlow, compile_regex, search
from datagen_cli.core.registry import suggest

Read = Callable[[Mapping[str, Any]], Any]


class BadValue(ValueError):
    """A row in which a field cannot be read; `hint` says what to do."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.hint = hint


class FieldReader:
    """Reads one field from rows, before its type is applied.

    `column` is the column it reads, empty for templates and choices. `derived`: the recipe says how the value comes
    about, so it does not have the column's own form.
    """

    def __init__(self, name: str, options: FieldOptions) -> None:
        self.name = name
        self.column = "" if options.template is not None or options.choices is not None else options.column or name
        ways = (options.regex, options.split, options.template, options.choices)
        self.derived = any(way is not None for way in ways)
        self.explicit = self.derived or options.column is not None
        self.type = options.type
        self.decimal = options.decimal
        self._read = self._way(options)

    def read(self, row: Mapping[str, Any]) -> Any:
        """The value, never null or empty. Raises `BadValue`."""
        value = self._read(row)
        hint = "" if self.derived else _optional_hint(self.column)
        if value is None:
            raise self.bad("is null", hint)
        if (isinstance(value, str) and not value.strip()) or (isinstance(value, list) and not value):
            raise self.bad("is empty", hint)
        return value

    def bad(self, what: str, hint: str = "") -> BadValue:
        """`answer: column 'answer' is empty`."""
        subject = f"column {self.column!r}" if self.column else "the value"
        return BadValue(f"{self.name}: {subject} {what}", hint)

    def _way(self, options: FieldOptions) -> Read:
        if options.regex is not None:
            return self._by_regex(compile_regex(options.regex))
        if options.split is not None:
            return self._by_split(options.split)
        if options.template is not None:
            return self._by_template(options.template)
        if options.choices is not None:
            return self._by_choices(tuple(options.choices))
        return lambda row: self._cell(row, self.column)

    def _cell(self, row: Mapping[str, Any], column: str) -> Any:
        if column not in row:
            raise BadValue(f"{self.name}: there is no column {column!r}", _columns_hint(column, row))
        return row[column]

    def _text(self, row: Mapping[str, Any]) -> str:
        value = self._cell(row, self.column)
        if isinstance(value, str):
            return value
        if isinstance(value, int | float):
            return label_text(value)
        raise self.bad(f"is {describe_type(value)}, not text")

    def _by_regex(self, pattern: re.Pattern[str]) -> Read:
        def read(row: Mapping[str, Any]) -> Any:
            try:
                match = search(pattern, self._text(row))
            except TooSlow as error:
                raise self.bad(f"cannot be matched: {error}", "simplify the regular expression") from error
            found = match and (match.group(1) if pattern.groups else match.group())
            if not found:
                hint = f"the regular expression is {pattern.pattern}; on_bad_row: skip leaves such rows out"
                raise self.bad("does not match the regular expression", hint)
            return found

        return read

    def _by_split(self, separator: str) -> Read:
        def read(row: Mapping[str, Any]) -> Any:
            return [part.strip() for part in self._text(row).split(separator) if part.strip()]

        return read

    def _by_choices(self, columns: tuple[str, ...]) -> Read:
        def read(row: Mapping[str, Any]) -> Any:
            cells = [(column, self._cell(row, column)) for column in columns]
            missing = [column for column, value in cells if value is None or value == ""]
            if missing:
                raise BadValue(f"{self.name}: column {missing[0]!r} is empty")
            return [value for _, value in cells]

        return read

    def _by_template(self, text: str) -> Read:
        from datagen_cli.text.templating import Environment, Template, TemplateProblem

        try:
            template = Template(Environment(), text, bounded=True)
        except TemplateProblem as error:
            raise RecipeError(f"fields.{self.name}.template: {error}", hint="see the Jinja syntax") from error

        def read(row: Mapping[str, Any]) -> Any:
            try:
                return template.render({"row": dict(row), **row})
            except TemplateProblem as error:
                columns = f"columns: {', '.join(map(str, row))}; names with spaces: {{{{ row['a name'] }}}}"
                raise BadValue(f"{self.name}: template: {error}", columns if error.unknown else "") from error

        return read


def map_row(
    row: Mapping[str, Any], fields: Iterable[tuple[FieldReader, FieldSpec]], optional: Container[str] = ()
) -> dict[str, Any]:
    """The row in the recipe's fields, in their order and types, without `optional` ones that cannot be read.

    Raises `BadValue` for any other.
    """
    found = {}
    for reader, spec in fields:
        try:
            found[spec.name] = read_value(row, reader, spec)
        except BadValue:
            if spec.name not in optional:
                raise
    return found


def read_value(row: Mapping[str, Any], reader: FieldReader, spec: FieldSpec) -> Any:
    """One field of a row in its type. Raises `BadValue`."""
    value = reader.read(row)
    if spec.type == "number" and isinstance(value, str):
        value = _number(value, reader)
    try:
        return coerce(spec, value)
    except WrongType as error:
        where = f" (column {reader.column!r})" if reader.column else ""
        raise BadValue(f"{spec.name}: {error}{where}", _type_hint(spec)) from error


def _number(text: str, reader: FieldReader) -> str:
    """A number of a base in the one way that the column writes them. Raises `BadValue` where that is in doubt."""
    if reader.decimal is None and has_decimal_comma(text):
        raise reader.bad(
            f"holds {text.strip()[:40]!r}, whose comma could be a decimal one",
            f'say how the column writes numbers: `{reader.name}: {{decimal: ","}}`',
        )
    found = number_text(text, reader.decimal or ".")
    if reader.decimal == "." and "," in found:
        raise reader.bad(f"holds {text.strip()[:40]!r}, whose comma separates no thousands")
    return found


def readers_of(fields: Mapping[str, FieldOptions]) -> dict[str, FieldReader]:
    """A reader for every field. Raises `RecipeError` for a broken template."""
    return {name: FieldReader(name, options) for name, options in fields.items()}


def _optional_hint(column: str) -> str:
    """What to do about a column in which some rows have nothing."""
    joined = f"{{{{ row['other'] }}}} {{{{ row[{column!r}] or '' }}}}"
    return (
        "on_bad_row: skip leaves such rows out; to keep them, leave the field out, or join the column to one that is"
        f' never empty: {{template: "{joined}"}}'
    )


def _type_hint(spec: FieldSpec) -> str:
    if spec.type == "label" and spec.values:
        return f"values: {', '.join(map(label_text, spec.values[:10]))}; on_bad_row: skip leaves such rows out"
    if spec.type == "number":
        return "a regex can take the number out of a text; on_bad_row: skip leaves such rows out"
    return "give the field another type, or on_bad_row: skip to leave such rows out"


def _columns_hint(column: str, row: Mapping[str, Any]) -> str:
    names: Sequence[str] = [str(name) for name in row]
    same = [name for name in names if name.casefold() == column.casefold()]
    near = f"did you mean {same[0]}?" if same else suggest(column, names)
    return near if near.startswith("did") else f"columns: {', '.join(names[:20])}"
