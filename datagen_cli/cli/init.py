"""`datagen init`: a shipped recipe written where the user wants it, with its base data and the schema beside it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from os.path import normpath
from pathlib import Path
from typing import Annotated, Any

from datagen_cli.cli import complete, console
from datagen_cli.cli import options as given
from datagen_cli.core.errors import UsageError
from datagen_cli.core.jsonl import make_folder, write_aside

DEFAULT_TEMPLATE = "quickstart"
SCHEMA_FILE = "recipe.schema.json"
SUFFIXES = (".yaml", ".yml")
_SCHEMA_LINE = re.compile(r"\A# yaml-language-server: \$schema=\S+\n")
_BASE_PATH = re.compile(r"^(base:\s*(?:\{\s*path:|\n\s+path:)\s*)([^\s,}#]+)", re.MULTILINE)
_NAME = re.compile(r"^name:.*$", re.MULTILINE)
EXAMPLES = (
    "datagen init my.yaml",
    "datagen init gsm8k problems.yaml",
    "datagen init --from tickets.csv",
    "datagen init tickets - | datagen generate -",
)


def command(
    template: Annotated[
        str | None, given.argument("[TEMPLATE]", "A shipped recipe; quickstart without it.", offers=complete.templates)
    ] = None,
    path: Annotated[str | None, given.argument("[PATH]", "Where to write it; ends in .yaml.")] = None,
    from_: Annotated[
        str | None,
        given.option(
            None,
            "DATA",
            "A table or JSON file of your own: fields, label and lengths are proposed from its rows.",
            "--from",
            offers=complete.datasets,
        ),
    ] = None,
    csv: given.Table = None,
    json_: given.Json = False,
) -> int:
    """Write a recipe to start from.

    Its base data and the schema are written beside it. With --from a clean copy of your rows is written: encoding and
    delimiter are found out (--csv corrects a wrong guess), spellings of one label are made equal. Your file stays
    as it is.
    """
    if csv and from_ is None:
        raise UsageError("--csv is for --from", hint="datagen init my.yaml --from DATA --csv encoding=cp1252")
    result = init(template, path) if from_ is None else init_from(from_, template, path, csv or ())
    if json_:
        console.emit_json(result)
    else:
        show_init(result)
    return 0


def init(template: str | None, path: str | None) -> dict[str, Any]:
    """Writes a shipped recipe to `path`, its base below `data/` and the recipe's JSON Schema beside it.

    A single argument that ends in `.yaml` is the path; the template is then the quickstart. Without a path the file is
    named after the template. With the path `-` nothing is written: the text is in `text`, ready for standard output.
    Gives `{template, recipe, written, kept, text, next}`; paths as given. Raises `UsageError` for an unknown template,
    a file that exists already, and a folder that cannot be written.
    """
    if path is None and template is not None and (template.endswith(SUFFIXES) or template == "-"):
        template, path = None, template
    template = template or DEFAULT_TEMPLATE
    source = _shipped(template)
    path = path or f"{source.stem}.yaml"
    text = source.read_text(encoding="utf-8")
    if path == "-":
        text = _BASE_PATH.sub(lambda found: found[1] + normpath(source.parent / found[2]), _SCHEMA_LINE.sub("", text))
        return _result(template, path, text=text)
    target = Path(path)
    if target.suffix not in SUFFIXES:
        raise UsageError(f"{path}: not the name of a recipe file", hint=f"for instance {path.rstrip('/')}.yaml")
    files = {target.parent / SCHEMA_FILE: _schema_text()}
    base = _BASE_PATH.search(text)
    if base is not None:
        beside = f"data/{Path(base[2]).name}"
        files[target.parent / beside] = (source.parent / base[2]).read_bytes()
        text = _BASE_PATH.sub(lambda found: found[1] + beside, text)
    files[target] = _adapted(text, template, path).encode()
    written, kept = _write(files, recipe=target)
    return _result(template, path, written=written, kept=kept)


def init_from(data: str, template: str | None, path: str | None, csv: Sequence[str] = ()) -> dict[str, Any]:
    """Writes a recipe proposed from the rows of a file, like `init`; `found` says what was seen in them,
    `to_write` what is still to be written into the recipe. `csv` are pairs of `--csv`.

    Raises `UsageError` for a template beside it, `DataError` for a file that no recipe can be made of.
    """
    from datagen_cli.cli.init_from import proposed_files
    from datagen_cli.evaluation.load import table_form

    if path is not None or (template is not None and not template.endswith(SUFFIXES)):
        raise UsageError("--from: a template cannot be named beside it", hint="datagen init my.yaml --from DATA")
    made = proposed_files(data, template, table_form(csv))
    written, kept = _write({made.target.parent / SCHEMA_FILE: _schema_text(), **made.files}, recipe=made.target)
    result = _result("", str(made.target), written=written, kept=kept, found=made.found, to_write=made.to_write)
    name = shlex.quote(str(made.target))
    return {**result, "template": None, "next": f"datagen validate {name}"}


def show_init(result: dict[str, Any]) -> None:
    """Says what was written and what comes next; with the path `-` the recipe itself goes to stdout."""
    if result["recipe"] == "-":
        console.out(result["text"].rstrip("\n"))
    for line in result.get("found", ()):
        console.say(console.indented(line))
    for name in result["written"]:
        console.say(console.indented(f"wrote {name}"))
    for name in result["kept"]:
        console.say(console.indented(f"kept {name}, which was there already"))
    if result.get("to_write"):
        console.say(console.indented(f"still to write in {result['recipe']}:"))
        for what in result["to_write"]:
            console.say(console.indented(f"  {what}"))
    console.next_step(result["next"])


def _result(template: str, path: str, **more: Any) -> dict[str, Any]:
    name = shlex.quote(path)
    step = f"datagen preview {name}" if path != "-" else f"datagen init {template} - | datagen generate -"
    return {"template": template, "recipe": path, "written": [], "kept": [], "text": None, "next": step, **more}


def _shipped(template: str) -> Path:
    """The file of a shipped recipe. Raises `UsageError` that names the nearest one."""
    from datagen_cli.config.shipped import shipped_recipes
    from datagen_cli.core.registry import suggest

    recipes = shipped_recipes()
    if template not in recipes:
        raise UsageError(f"no shipped recipe is called {template!r}", hint=suggest(template, recipes))
    return recipes[template]


def _adapted(text: str, template: str, path: str) -> str:
    """The recipe's text for its new place: schema beside it, named after its file, commands that name the file."""
    stem = Path(path).stem
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).lstrip("._-") or template
    body = _SCHEMA_LINE.sub("", text)
    lines = [
        line.replace(f"datagen generate {template}", f"datagen generate {shlex.quote(path)}").replace(
            f"runs/{template.replace('/', '-')}", f"runs/{name}"
        )
        if line.startswith("#")
        else line
        for line in body.splitlines()
    ]
    body = _NAME.sub(f"name: {name}", "\n".join(lines), count=1)
    return f"# yaml-language-server: $schema={SCHEMA_FILE}\n{body}\n"


def _schema_text() -> bytes:
    import json

    from datagen_cli.cli.schema import schema

    return (json.dumps(schema(), indent=2, ensure_ascii=False) + "\n").encode()


def _write(files: dict[Path, bytes], *, recipe: Path) -> tuple[list[str], list[str]]:
    """Writes what is not there yet, the recipe last; gives the names written and those kept.

    Refuses before the first write when the recipe exists, or when base data of that name has other content. A schema
    that is there already is kept.
    """
    if recipe.exists():
        raise UsageError(f"{recipe}: exists already", hint="give another file name; nothing is overwritten")
    kept = [file for file in files if file.exists()]
    for file in kept:
        if file.name != SCHEMA_FILE and not (file.is_file() and file.read_bytes() == files[file]):
            hint = "give a file name in another folder; nothing is overwritten"
            raise UsageError(f"{file}: exists already, with other content", hint=hint)
    written = [file for file in files if file not in kept]
    for file in written:
        make_folder(file.parent)
        write_aside(file, [files[file]])
    return [str(file) for file in written], [str(file) for file in kept]
