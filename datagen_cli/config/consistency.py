"""What the parts of a recipe must agree on: fields, label, base, method, attributes and pins."""

from __future__ import annotations

from collections.abc import Iterator

from datagen_cli.config.attributes import AttributeOptions
from datagen_cli.config.explain import Problem, placed
from datagen_cli.config.fields import RESERVED, FieldOptions
from datagen_cli.config.recipe import MOST_NEIGHBOURS, RecipeOptions
from datagen_cli.config.tree import Node
from datagen_cli.core.json_schema import broken
from datagen_cli.core.registry import suggest


def inconsistencies(options: RecipeOptions, root: Node) -> list[Problem]:
    """Everything in a recipe whose options are each valid that still does not make sense."""
    parts = (_fields, _method, _label, _base, _models, _sampling, _attributes, _pins, _dedup)
    return placed((problem for part in parts for problem in part(options, root)), root)


def _fields(options: RecipeOptions, root: Node) -> Iterator[Problem]:
    fields = options.fields
    if fields is None:
        return
    if not fields:
        yield Problem(("fields",), "needs at least one field")
    elif not any(field.keep for field in fields.values()):
        yield Problem(("fields",), "needs at least one field without `keep: false`")
    for name, field in fields.items():
        path = ("fields", name)
        if name in RESERVED:
            yield Problem(path, "reserved: every row has it already", "give the field another name")
        if not name.strip():
            yield Problem(("fields",), "a field needs a name")
        if options.base is None and (way := _reads_base(field)):
            hint = "say what it is, such as `{type: text}`, or name a base"
            written = (*path, way) if root.at((*path, way)) else path
            yield Problem(written, f"{way} reads a base, and there is none", hint)
        if field.json_schema is not None and (wrong := broken(field.json_schema, placed=False)):
            yield Problem((*path, "schema"), f"not a JSON Schema: {wrong}")


def _reads_base(field: FieldOptions) -> str:
    for way in ("column", "regex", "split", "template", "choices"):
        if getattr(field, way) is not None:
            return way
    return ""


def _method(options: RecipeOptions, root: Node) -> Iterator[Problem]:
    if options.method == "instance":
        if options.write is not None:
            yield Problem(("write",), "goes with `method: response` and `method: enhance`")
        return
    if options.base is None:
        yield Problem(("method",), f"{options.method} needs a base: its rows are what is worked on")
    if not options.write:
        hint = "write: the fields that the model writes"
        yield Problem(("write",), f"required by `method: {options.method}`", hint, 2)
    if options.label is not None and options.label.quota not in (None, "none"):
        hint = "a quota plans labels of new records; here each record keeps the base's input"
        yield Problem(("label", "quota"), f"goes with `method: instance`, not with {options.method}", hint)
    examples = options.examples
    if options.method == "enhance" and examples and examples.strategy != "none" and not examples.inline:
        hint = "show good ones: `examples: {inline: [{…}, …]}`, or `strategy: none`"
        yield Problem(("examples",), "the rows of the base are the weak ones", hint)
    if options.sampling.correlated is not None:
        yield Problem(("sampling", "correlated"), f"writes new texts: not with `method: {options.method}`")
    fields = options.fields
    if fields is None:
        return
    for i, name in enumerate(options.write or []):
        if name not in fields:
            yield Problem(("write", i), f"no field {name!r}", suggest(name, fields))
    if options.method == "response" and set(fields) <= set(options.write or []):
        yield Problem(("write",), "leaves no field of the base to answer", "leave out the input")


def _label(options: RecipeOptions, root: Node) -> Iterator[Problem]:
    label = options.label
    if label is None:
        return
    path = ("label", "field") if root.at(("label", "field")) else ("label",)
    field = (options.fields or {}).get(label.field)
    if options.fields is not None and field is None:
        yield Problem(path, f"no field {label.field!r}", suggest(label.field, options.fields))
    if field is not None and field.type in ("list", "json"):
        yield Problem(path, f"{label.field} is of type {field.type}, which cannot be a label")
    if options.base is None and label.quota == "base":
        yield Problem(("label", "quota"), "base takes the shares of a base, and there is none")
    if options.base is None and label.quota == "balanced" and label.values is None:
        yield Problem(
            ("label", "quota"), "balanced needs values, or a base that has them", "list them under label.values"
        )


def _base(options: RecipeOptions, root: Node) -> Iterator[Problem]:
    if options.base is not None:
        return
    if options.examples is not None and options.examples.strategy != "none" and not options.examples.inline:
        yield Problem(
            ("examples",),
            "come from a base, and there is none",
            "name a base, or write some: `examples: {inline: [{…}, …]}`",
        )


def _dedup(options: RecipeOptions, root: Node) -> Iterator[Problem]:
    found = options.dedup
    if found is None or options.count <= MOST_NEIGHBOURS:
        return
    for name in ("threshold", "embedder"):
        if getattr(found, name) is not None:
            yield Problem(
                ("dedup", name),
                f"embedding neighbours are looked for among at most {MOST_NEIGHBOURS:,} records, and count is"
                f" {options.count:,}",
                "use `near` alone: it has no such bound",
            )
            return


def _models(options: RecipeOptions, root: Node) -> Iterator[Problem]:
    for role, models in options.models.items():
        if not isinstance(models, list):
            continue
        if role != "generator":
            yield Problem(("models", role), "one model only: a list is for the generator")
        elif not models:
            yield Problem(("models", role), "must not be empty")


def _sampling(options: RecipeOptions, root: Node) -> Iterator[Problem]:
    sampling = options.sampling
    if sampling.correlated is None and (sampling.temperature or 0) > 2:
        hint = "higher ones are for the control of a correlated run"
        yield Problem(("sampling", "temperature"), f"must be at most 2, found {sampling.temperature:g}", hint)


def _attributes(options: RecipeOptions, root: Node) -> Iterator[Problem]:
    earlier: dict[str, AttributeOptions] = {}
    for name, attribute in options.attributes.items():
        path = ("attributes", name)
        if not name.strip():
            yield Problem(("attributes",), "an attribute needs a name")
        if attribute.emit and (name in RESERVED or name in (options.fields or {})):
            yield Problem((*path, "emit"), f"the record has a field {name} already", "give the attribute another name")
        if attribute.extract is not None and options.base is None:
            yield Problem((*path, "extract"), "finds values in a base, and there is none", "use ask, or give values")
        if attribute.values is None and options.sampling.correlated is not None:
            what = "values that are found stand between tags in prompts, and sampled texts have none"
            yield Problem(path, what, "give the values")
        for other, values in (attribute.when or {}).items():
            where = (*path, "when", other)
            if other not in earlier:
                if other in options.attributes:
                    yield Problem(where, f"{other} must come before {name}", "move it up")
                else:
                    hint = suggest(other, earlier) if earlier else "name an attribute that comes before"
                    yield Problem(where, f"no attribute {other!r}", hint)
            else:
                yield from (
                    Problem(where, f"{other} has no value {value!r}", suggest(value, earlier[other].values or {}))
                    for value in values
                    if _unknown_value(earlier[other], value)
                )
        earlier[name] = attribute


def _pins(options: RecipeOptions, root: Node) -> Iterator[Problem]:
    for i, pin in enumerate(options.pin):
        if not pin:
            yield Problem(("pin", i), "must not be empty")
        for name, value in pin.items():
            path = ("pin", i, name)
            attribute = options.attributes.get(name)
            if attribute is None:
                yield Problem(
                    path, f"no attribute {name!r}", suggest(name, options.attributes) if options.attributes else ""
                )
                continue
            if attribute.values is None:
                yield Problem(path, f"the values of {name} are found in the run: none is known yet")
            if _unknown_value(attribute, value):
                yield Problem(path, f"{name} has no value {value!r}", suggest(value, attribute.values or {}))
            for other, allowed in (attribute.when or {}).items():
                if other in pin and pin[other] not in allowed:
                    yield Problem(path, f"{name} is drawn only where {other} is {' or '.join(allowed)}")


def _unknown_value(attribute: AttributeOptions, value: str) -> bool:
    return attribute.values is not None and value not in attribute.values
