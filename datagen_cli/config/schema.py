"""JSON Schema (draft 2020-12) of a recipe, generated from the models that validate it, and of what templates may use.

Editors read it; the program itself validates with the models. Short forms (`label: answer`, `- schema`, `ask: TEXT`)
are added here. What several options must agree on is beyond a schema and stays with `datagen validate`.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

from datagen_cli.config.recipe import RecipeOptions
from datagen_cli.core.registry import load, names

DIALECT = "https://json-schema.org/draft/2020-12/schema"

SCALAR: dict[str, Any] = {"type": ["string", "number", "boolean"]}
SCALARS: dict[str, Any] = {"type": "array", "items": SCALAR, "minItems": 1}
DESCRIBED: dict[str, Any] = {"type": "object", "additionalProperties": {"type": ["string", "null"]}, "minProperties": 1}

_VARIABLES = {
    "n": "how many records are wanted",
    "dataset": "the recipe's description, fenced",
    "fields": "the fields asked for with their types, fenced",
    "labels": "the label's values with their definitions, fenced; empty without a label",
    "examples": "rows of the base, fenced; empty without examples",
    "constraints": "one sentence for every constraint, fenced; empty without constraints",
    "records": "one line for every record wanted, with its label and attributes, fenced",
    "request": "what is asked for now, in plain words: the label with its meaning and the attributes",
    "description": "the recipe's description",
    "about_fields": "a line for every field asked for",
    "rules": "a line for every constraint; empty without constraints",
    "label": "the planned label; empty without one, or where the base's own is no plain word",
    "meaning": "what that label means; empty without a definition",
    "attributes": "a line `name: value` for every attribute",
    "texts": "the screened example texts, a list of lines",
    "what": "the description of the first field asked for",
    "label_name": "the name of the label's field",
    "meanings": "a line for every label value with its meaning, where the model writes the label",
    "input": "what the base row gives to the record, fenced (methods response and enhance), else empty",
    "given": "a line for every field that base rows give; empty for method instance",
    "method": "instance, response or enhance",
    "avoid": "what earlier attempts repeated or were rejected for, fenced; empty on the first attempt",
    "lessons": "a line for every reason that a reviewer gave for rejecting earlier records; empty without a review",
    "answer_form": "how to answer",
}


def template_variables() -> dict[str, str]:
    """The variables that templates under `prompts` may use, with what each holds.

    What is fenced holds texts of others as data; the rest are the author's own words, and screened single lines.
    """
    return dict(_VARIABLES)


def recipe_schema() -> dict[str, Any]:
    """The JSON Schema of a recipe, with the checks of the catalog and of installed entry points."""
    from pydantic.json_schema import models_json_schema

    checks = {(kind, name): load(kind, name) for kind in ("constraints", "validators") for name in names(kind)}
    models = list(dict.fromkeys([RecipeOptions, *(shelf.options for shelf in checks.values())]))
    references, whole = models_json_schema([(model, "validation") for model in models], ref_template="#/$defs/{model}")
    definitions: dict[str, Any] = whole["$defs"]
    root = _tidy(definitions.pop("RecipeOptions"))
    definitions = {name: _tidy(part) for name, part in definitions.items()}
    for kind in ("constraints", "validators"):
        items = []
        for name in names(kind):
            shelf = checks[kind, name]
            reference = references[shelf.options, "validation"]
            items += _check_forms(name, shelf, reference, definitions)
        root["properties"][kind] = {"type": "array", "description": _KINDS[kind], "items": {"oneOf": items}}
    _short_forms(root["properties"], definitions)
    root["properties"] = {"include": _INCLUDE, **root["properties"]}
    required = {"required": root.pop("required")}
    complete = {"allOf": [required, _either(["model"], ["models"]), _either(["fields"], ["base"])]}
    root["anyOf"] = [{"required": ["include"]}, complete]
    root["description"] = "What `datagen generate` runs; `datagen validate` checks what a schema cannot."
    head = {"$schema": DIALECT, "title": "datagen recipe"}
    return {**head, **root, "$defs": dict(sorted(definitions.items()))}


def write_schema(path: Path) -> None:
    """Writes the schema as JSON; `configs/recipe.schema.json` is made by this."""
    path.write_text(json.dumps(recipe_schema(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


_KINDS = {
    "constraints": "checks computed from the record alone; a failure is re-asked once (on_fail: fix)",
    "validators": "checks that may ask a model or look things up; a failure drops the record (on_fail: drop)",
}
_INCLUDE: dict[str, Any] = {
    "description": "local files merged below this one: mappings merge, lists replace",
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
}


def _either(*keys: list[str]) -> dict[str, Any]:
    return {"anyOf": [{"required": names_of} for names_of in keys]}


def _check_forms(name: str, shelf: Any, reference: Any, definitions: dict[str, Any]) -> list[dict[str, Any]]:
    """How one check may stand in its list: its name with options, and bare when no option is required."""
    options = definitions[reference["$ref"].rpartition("/")[2]]
    forms: list[Any] = [reference]
    short = shelf.short
    required = set(options.get("required", []))
    if short is not None and required <= {short}:
        forms.append(options["properties"][short])
    if not required:
        forms.append({"type": "null"})
    about = inspect.cleandoc(shelf.__doc__ or "").partition("\n")[0]
    value = forms[0] if len(forms) == 1 else {"anyOf": forms}
    mapping = {"type": "object", "properties": {name: value}, "required": [name], "additionalProperties": False}
    bare = [] if required else [{"const": name, "description": about}]
    return [{"description": about, **mapping}, *bare]


def _short_forms(properties: dict[str, Any], definitions: dict[str, Any]) -> None:
    """The forms that the models turn into their long ones before they validate."""
    text = {"type": "string", "minLength": 1}
    field, model, label = ({"$ref": f"#/$defs/{name}"} for name in ("FieldOptions", "ModelOptions", "LabelOptions"))
    shared = {"$ref": "#/$defs/SharedModel"}
    attribute = {"$ref": "#/$defs/AttributeOptions"}
    pins = {"type": "array", "items": {"type": "object", "additionalProperties": SCALAR, "minProperties": 1}}
    several = {"type": "array", "items": {"anyOf": [text, shared]}, "minItems": 1}
    roles = list(properties["models"]["propertyNames"]["enum"])
    _describe(
        properties, "fields", {"type": "object", "minProperties": 1, "additionalProperties": {"anyOf": [text, field]}}
    )
    _describe(properties, "label", {"anyOf": [text, label]})
    _describe(properties, "model", {"anyOf": [text, model]})
    _describe(
        properties,
        "models",
        {
            "type": "object",
            "properties": {
                role: {"anyOf": [text, model, *([several] if role == "generator" else [])]} for role in roles
            },
            "additionalProperties": False,
        },
    )
    _describe(properties, "pin", pins)
    _describe(
        properties,
        "attributes",
        {
            "type": "object",
            "properties": {"pin": {"anyOf": [pins, SCALARS, attribute]}},
            "additionalProperties": {"anyOf": [SCALARS, attribute]},
        },
    )
    values = {"anyOf": [SCALARS, DESCRIBED]}
    _describe(definitions["LabelOptions"]["properties"], "values", values)
    _describe(definitions["AttributeOptions"]["properties"], "values", values)
    when = {"type": "object", "additionalProperties": {"anyOf": [SCALAR, SCALARS]}}
    _describe(definitions["AttributeOptions"]["properties"], "when", when)
    listed = "; ".join(f"{name}: {about}" for name, about in _VARIABLES.items())
    about = f" Templates may use: {listed}."
    definitions["PromptOptions"]["description"] += about


def _describe(properties: dict[str, Any], key: str, schema: dict[str, Any]) -> None:
    """Another schema for an option, which keeps its description."""
    about = properties[key].get("description")
    properties[key] = {"description": about, **schema} if about else schema


def _tidy(schema: Any) -> Any:
    """The schema without pydantic's titles, null branches of optional options, and our own marks."""
    if isinstance(schema, list):
        return [_tidy(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {
        key: {name: _tidy(item) for name, item in value.items()} if key == "properties" else _tidy(value)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str)) and key not in ("x-runtime", "x-path")
    }
    if kept.get("additionalProperties") is True:  # what it means anyway; some versions of pydantic write it
        del kept["additionalProperties"]
    if kept.get("default", ...) is None:
        del kept["default"]
    branches = kept.get("anyOf")
    if branches and {"type": "null"} in branches:
        rest = [branch for branch in branches if branch != {"type": "null"}]
        del kept["anyOf"]
        kept = {**kept, **rest[0]} if len(rest) == 1 else {**kept, "anyOf": rest}
    return kept
