"""Writes the pages of docs/reference/ from the package: recipe, checks, measures, commands, formats.

    python docs/pages.py            writes them
    python docs/pages.py --check    says which are not as the package has them, and ends with 1

What stands there is said once, in the code: options and their words come from the recipe's JSON Schema, checks,
measures and formats from the docstrings of their modules and the facts of their classes, commands from their help.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from datagen_cli.catalog import CATALOG
from datagen_cli.cli.app import SECTIONS, load_command
from datagen_cli.config.schema import recipe_schema
from datagen_cli.metrics.measure import about

FOLDER = Path(__file__).resolve().parent / "reference"
WRITTEN = "<!-- written by docs/pages.py (`make docs`); edit the docstrings and option descriptions it is made of -->"
SOURCES = "Names such as `text/tokens.py` are files of the package: their first lines say more."
WORDS = {"object": "mapping", "string": "text"}
Schema = Mapping[str, Any]


def recipe_page() -> str:
    """Every key of a recipe: one section for each part that has options of its own."""
    schema = recipe_schema()
    parts = schema["$defs"]
    lines = [
        "# Every key of a recipe",
        "",
        "`datagen schema` prints the JSON Schema that this page is made of; with it beside a recipe an editor completes"
        " keys and marks mistakes. `datagen validate` checks what a schema cannot.",
        "",
        *_options(schema, "###"),
    ]
    checks = {name for name in parts if name in _check_options()}
    for name, part in parts.items():
        if name not in checks:
            about = _prose(part.get("description", "").strip())
            lines += ["", f"## {_title(name)}", "", *([about, ""] if about else []), *_options(part, "###")]
    return _page(lines)


def checks_page() -> str:
    """Constraints and validators: what each looks at, what it cannot see, its options."""
    parts = recipe_schema()["$defs"]
    lines = [
        "# Every check",
        "",
        "A check says pass, fail or unknown. `on_fail` and `on_unknown` say what follows; without them a constraint"
        " that fails is mended by one re-ask that quotes the failure (`fix`), a failed validator drops the attempt, and"
        " a record of which a check cannot tell is kept, but dropped where `code` or `solve` cannot tell.",
        "",
        SOURCES,
    ]
    for shelf, heading in (("constraints", "Constraints"), ("validators", "Validators")):
        lines += ["", f"## {heading}"]
        for name, target in CATALOG[shelf].items():
            found = _class(target)
            part = parts[found.options.__name__]
            lines += ["", f"### `{name}`", "", _module_prose(found), "", *_options(part, "####")]
    return _page(lines)


def measures_page() -> str:
    """What `eval` computes: what each measure is, its formula, cost and source, and the facts of its class."""
    lines = [
        "# Every measure",
        "",
        "All are exact unless they say that they are sampled; each says in its signature how it was computed, and"
        " values of different signatures are never compared.",
        "",
        f"{SOURCES} The interval of `parts.py` is a jackknife over up to 32 parts of the rows.",
        "",
        "| measure | what it is | it misleads when |",
        "|---|---|---|",
    ]
    measures = {name: _class(target) for name, target in CATALOG["metrics"].items()}
    lines += [f"| `{name}` | {about(found)} | {misleads(found)} |" for name, found in measures.items()]
    for name, found in measures.items():
        better = {"higher": "higher is better", "lower": "lower is better", "none": "neither way is better"}
        facts = [better[found.direction]]
        facts += ["needs a reference"] if found.needs_reference else []
        facts += ["computed from embeddings"] if found.needs_vectors else []
        facts += ["grows or falls with the number of texts: compare at equal n"] if found.grows_with_n else []
        lines += ["", f"## `{name}`", "", f"*{'; '.join(facts)}*", "", _module_prose(found)]
        if found.details:
            lines += ["", f"Gates may name: {', '.join(f'`{name}.{detail}`' for detail in found.details)}"]
    return _page(lines)


def commands_page() -> str:
    """The help of every command, as `-h` prints it."""
    lines = ["# Every command", "", "`datagen COMMAND -h` prints the same. Exit codes are those of the README."]
    for heading, commands in SECTIONS.items():
        lines += ["", f"## {heading}"]
        for name in commands:
            lines += ["", f"### `datagen {name}`", "", "```text", _help(name), "```"]
    return _page(lines)


def formats_page() -> str:
    """What `export --to` writes."""
    lines = ["# Every export format", "", "`datagen export RUN --to FORMAT -o PATH` writes one, with a dataset card."]
    for name, target in CATALOG["formats"].items():
        lines += ["", f"## `{name}`", "", _module_prose(_class(target))]
    return _page(lines)


PAGES: dict[str, Callable[[], str]] = {
    "recipe.md": recipe_page,
    "checks.md": checks_page,
    "measures.md": measures_page,
    "commands.md": commands_page,
    "formats.md": formats_page,
}


def stale() -> list[str]:
    """The pages that are not as the package has them now."""
    return [name for name, page in PAGES.items() if not _same(FOLDER / name, page())]


def main() -> int:
    """Writes all pages, or with `--check` compares them."""
    if "--check" in sys.argv[1:]:
        old = stale()
        print("\n".join(f"{name}: not as the package has it; make docs" for name in old) or "all pages are current")
        return 1 if old else 0
    FOLDER.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")
    return 0


def _same(file: Path, text: str) -> bool:
    return file.exists() and file.read_text("utf-8") == text


def _page(lines: list[str]) -> str:
    return "\n".join([WRITTEN, "", *lines]) + "\n"


def _class(target: str) -> Any:
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


def _check_options() -> set[str]:
    return {
        _class(target).options.__name__ for shelf in ("constraints", "validators") for target in CATALOG[shelf].values()
    }


def _title(name: str) -> str:
    """`DedupOptions` as the key it stands at: dedup."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.removesuffix("Options")).lower()
    return f"`{words}`" if " " not in words else words


def misleads(found: Any) -> str:
    """When a measure misleads: the sentence of its module's docstring that begins with "It misleads when"."""
    said = re.search(r"^It misleads when (.+?)\.$", sys.modules[found.__module__].__doc__ or "", flags=re.M | re.S)
    return " ".join(said[1].split()) if said else ""


def _module_prose(found: Any) -> str:
    """The docstring of the module of a class, else of the class."""
    return _prose((sys.modules[found.__module__].__doc__ or found.__doc__ or "").strip())


def _prose(text: str) -> str:
    """Docstring text as Markdown: what looks like a tag is escaped outside code; a list begins after a blank line."""
    parts = re.split(r"(`[^`]*`)", text)
    text = "".join(part if part.startswith("`") else re.sub(r"[<\[]", r"\\\g<0>", part) for part in parts)
    return re.sub(r"(?m)(?<!^)(?<!\n)\n(- )", r"\n\n\1", re.sub(r"(?m)^(- [^\n]*)\n(?=- )", r"\1\n", text), count=1)


def _options(part: Schema, heading: str) -> list[str]:
    """A table of the options of one mapping: name, form, default, words."""
    required = set(part.get("required", ()))
    parts = part.get("$defs", {})
    rows = [_row(name, _worded(option, parts), name in required) for name, option in part.get("properties", {}).items()]
    if not rows:
        return []
    return ["| option | form | default | what it is |", "|---|---|---|---|", *rows]


def _worded(option: Schema, parts: Mapping[str, Schema]) -> Schema:
    """An option with the first sentence of the part that it is, where it has no words of its own."""
    refs = [one["$ref"] for one in (option, *option.get("anyOf", ())) if "$ref" in one]
    if option.get("description") or not refs:
        return option
    words = parts.get(refs[0].rpartition("/")[2], {}).get("description", "")
    return {**option, "description": re.split(r"(?<=\.)\s", words.partition("\n\n")[0], maxsplit=1)[0].strip(" .:")}


def _row(name: str, option: Schema, required: bool) -> str:
    default = "required" if required else f"`{json.dumps(option['default'])}`" if "default" in option else ""
    cells = [f"`{name}`", _form(option), default, _prose(str(option.get("description", "")))]
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _form(option: Schema) -> str:
    """What may stand there, in a few words: types, bounds, the part of the recipe it is."""
    if "$ref" in option:
        return _title(option["$ref"].rpartition("/")[2])
    if "const" in option:
        return f"`{json.dumps(option['const'])}`"
    if "enum" in option:
        return " · ".join(f"`{value}`" for value in option["enum"])
    if "anyOf" in option or "oneOf" in option:
        return " or ".join(dict.fromkeys(_form(one) for one in option.get("anyOf", option.get("oneOf", ()))))
    kind: Any = option.get("type", "anything")
    if isinstance(kind, list):
        return " or ".join(WORDS.get(str(one), str(one)) for one in kind)
    if kind == "array":
        return f"list of {_form(option.get('items', {}))}"
    return " ".join([WORDS.get(kind, kind), *_bounds(option)])


def _bounds(option: Schema) -> Iterator[str]:
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    for key, sign in signs.items():
        if key in option:
            yield f"{sign} {option[key]:,}"


def _help(name: str) -> str:
    command = load_command(name)
    with command.make_context(f"datagen {name}", [], resilient_parsing=True) as context:
        context.terminal_width = context.max_content_width = 100
        return str(command.get_help(context)).strip()


if __name__ == "__main__":
    raise SystemExit(main())
