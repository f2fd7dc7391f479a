"""What is wrong with a recipe, in our words: from pydantic's errors to a path, a message, a hint and a line."""

from __future__ import annotations

import difflib
import re
import types
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from datagen_cli.config.tree import Node, Path, show_path
from datagen_cli.core.errors import Place, RecipeError
from datagen_cli.core.registry import suggest
from datagen_cli.core.secret import PLACEHOLDER

_EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "string_type": "text",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
MOST_LISTED = 20
SECRET_OPTIONS = {"headers", "base_url", "api_key_env"}  # their values are not repeated in a message
_LIMITS = {
    "greater_than": "above",
    "greater_than_equal": "at least",
    "less_than": "below",
    "less_than_equal": "at most",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `urgency` orders problems: a likely cause comes before what follows from it."""

    path: Path
    message: str
    hint: str = ""
    urgency: int = 1
    place: Place | None = None


def placed(problems: Iterable[Problem], root: Node) -> list[Problem]:
    """The problems with the places of their values in a recipe, or of the nearest ones around them; a file as a whole
    has no line."""
    nodes = [(problem, root.nearest(problem.path)) for problem in problems]
    return [replace(one, place=root.source.place() if node is root else node.place) for one, node in nodes]


def problem_error(problems: Sequence[Problem]) -> RecipeError:
    """The first problem as an error, with the others behind it."""
    ordered = sorted(problems, key=lambda problem: (problem.urgency, problem.place.line if problem.place else 0))
    first, *others = map(_error_of, ordered)
    return first.with_others(others)


def _error_of(problem: Problem) -> RecipeError:
    where = show_path(problem.path)
    told = problem.place is not None and problem.place.file in (f"--set {where}", f"--{where}")
    message = f"{where}: {problem.message}" if where and not told else problem.message
    return RecipeError(message, hint=problem.hint, place=problem.place)


def problems_of(error: ValidationError, root: Node, prefix: Path, model: type[BaseModel]) -> list[Problem]:
    """The problems, without places, that pydantic found in the value at `prefix`, which was validated as `model`."""
    found: dict[Path, list[dict[str, Any]]] = {}
    for item in error.errors(include_url=False):
        detail: dict[str, Any] = dict(item)
        path = _path_of(detail, root, prefix)
        found.setdefault(path, []).append(detail)
    problems = []
    for path, details in found.items():
        mismatches = all(detail["type"] in _EXPECTED or detail["type"] == "literal_error" for detail in details)
        if mismatches and any(len(other) > len(path) and other[: len(path)] == path for other in found):
            continue  # the branch of a union that was not meant
        problems.append(_problem(path, details, root, prefix, model))
    return problems


def _path_of(detail: dict[str, Any], root: Node, prefix: Path) -> Path:
    """Where an error lies in the YAML: names of union branches and options of short forms are no part of it."""
    path, node = prefix, root.at(prefix)
    inner: Node | None = None
    for part in detail["loc"]:
        inner = node.at((part,)) if node is not None else None
        if inner is not None:
            path, node = (*path, part), inner
    return (*path, detail["loc"][-1]) if detail["type"] == "missing" and inner is None else path


def _problem(path: Path, details: list[dict[str, Any]], root: Node, prefix: Path, model: type[BaseModel]) -> Problem:
    first = details[0]
    kind = first["type"]
    node = root.at(path)
    inside = path[len(prefix) :]
    if first["loc"] and first["loc"][-1] == "[key]":
        hint = _key_hint(str(path[-1]), _choices(first), _about(model, inside[:-1]))
        return Problem(path, "unknown option", hint, 0)
    if kind == "extra_forbidden":
        known = [name for name, _ in _options(_types_at(model, inside[:-1]))]
        return Problem(path, "unknown option", suggest(str(path[-1]), known), 0)
    about = _description(model, inside)
    if kind == "missing":
        return Problem(path, "required", _about(model, inside), 2)
    if kind == "value_error":
        return Problem(path, str(first["ctx"]["error"]))
    if node is not None and isinstance(node.value, str) and SECRET_OPTIONS & set(path):
        node = node.with_value(PLACEHOLDER)
    message, hint = _mismatch(details, node)
    return Problem(path, message, hint or (about if kind == "string_pattern_mismatch" else ""))


def _key_hint(word: str, known: Sequence[str], about: str) -> str:
    """The hint for an unknown key: of a long list only a near match, else what the option is about."""
    if len(known) <= MOST_LISTED or not about:
        return suggest(word, known)
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.8)
    return f"did you mean {near[0]}?" if near else about


def _mismatch(details: list[dict[str, Any]], node: Node | None) -> tuple[str, str]:
    """Message and hint for a value of the wrong type or outside its limits; several details are branches of a union."""
    first = details[0]
    kind, context = first["type"], first.get("ctx", {})
    found = describe(node.value) if node is not None else ""
    if kind in _LIMITS:
        limit = next(iter(context.values()))
        return f"must be {_LIMITS[kind]} {limit:g}, found {found.removeprefix('number ')}", ""
    if kind in _EXPECTED or kind == "literal_error":
        choices = [text for detail in details for text in _choices(detail)]
        kinds = dict.fromkeys(_EXPECTED[detail["type"]] for detail in details if detail["type"] in _EXPECTED)
        wanted = [*choices, *kinds]
        listed = " or ".join([", ".join(wanted[:-1]), wanted[-1]]) if len(wanted) > 1 else wanted[0]
        one_of = "one of " if len(choices) > 2 and not kinds else ""
        return f"expected {one_of}{listed}, found {found}", _type_hint(kind, node, wanted)
    if kind in ("string_too_short", "too_short"):
        return "must not be empty", ""
    if kind == "too_long":
        return f"at most {context['max_length']} items", ""
    if kind == "string_too_long":
        return f"at most {context['max_length']} characters, found {len(str(node.value)) if node else 0}", ""
    if kind == "string_pattern_mismatch":
        return f"not allowed: {found.removeprefix('text ')}", ""
    return str(first["msg"]).lower(), ""


def _type_hint(kind: str, node: Node | None, wanted: list[str]) -> str:
    value = node.value if node is not None else None
    if kind == "string_type" and isinstance(value, int | float):
        return "put it in quotes"
    if kind == "bool_type" and isinstance(value, str):
        return "only true and false, unquoted, are booleans"
    if kind in ("float_type", "int_type") and isinstance(value, str):
        try:
            float(value.replace(",", "").replace(" ", ""))
        except ValueError:
            return ""
        return "write it without commas and spaces" if re.search("[, ]", value) else "remove the quotes"
    if kind == "literal_error" and isinstance(value, str):
        near = suggest(value, wanted)
        return near if near.startswith("did you mean") else ""
    return ""


def _choices(detail: dict[str, Any]) -> list[str]:
    """The values of a literal: pydantic lists them as `'a', 'b' or 'c'`."""
    if detail["type"] != "literal_error":
        return []
    listed = str(detail["ctx"]["expected"]).replace(" or ", ", ").split(", ")
    return [item.strip("'") for item in listed]


def describe(value: Any) -> str:
    """`text "abc"`, `number 3`, `true`, `a list`, `nothing`."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"number {str(value)[:40]}"
    if isinstance(value, str):
        text = " ".join(value.split())
        return f'text "{text if len(text) <= 40 else text[:37] + "..."}"'
    return "a list" if isinstance(value, list) else "a mapping"


def _types_at(model: Any, path: Path) -> list[Any]:
    """The types a value at a path below `model` may have."""
    found = _plain_types(model)
    for part in path:
        inner = []
        for kind in found:
            origin, arguments = get_origin(kind), get_args(kind)
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                inner += [info.annotation for name, info in _options([kind]) if name == part]
            elif arguments and (
                (origin is list and isinstance(part, int)) or (origin is dict and isinstance(part, str))
            ):
                inner.append(arguments[-1])
        found = [plain for kind in inner for plain in _plain_types(kind)]
    return found


def _plain_types(kind: Any) -> list[Any]:
    """The members of a union, or the type itself."""
    if get_origin(kind) is Annotated:
        return _plain_types(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        return [plain for member in get_args(kind) for plain in _plain_types(member)]
    return [kind]


def _options(kinds: Sequence[Any]) -> list[tuple[str, Any]]:
    """Name, as written in YAML, and field of every option of the models among some types."""
    return [
        (info.alias or name, info)
        for kind in kinds
        if isinstance(kind, type) and issubclass(kind, BaseModel)
        for name, info in kind.model_fields.items()
    ]


def _about(model: type[BaseModel], path: Path) -> str:
    """`name: its description`, or an empty text."""
    about = _description(model, path)
    return f"{path[-1]}: {about}" if about else ""


def _description(model: type[BaseModel], path: Path) -> str:
    """The description of the option at a path, or an empty text."""
    if not path:
        return ""
    for name, info in _options(_types_at(model, path[:-1])):
        if name == path[-1]:
            return info.description or ""
    return ""
