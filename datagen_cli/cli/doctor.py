"""`datagen doctor`: what is installed, which keys are set (names, never values), whether the models named answer.

Versions and extras come from the installed packages' metadata; nothing is imported and, without models to ask, nothing
is contacted.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from datagen_cli.cli import console
from datagen_cli.cli import options as given
from datagen_cli.core.errors import EXIT_DONE, EXIT_PROVIDER
from datagen_cli.core.extras import DISTRIBUTION, install_hint, package_name, requirements

INNER_EXTRAS = ("all", "dev", "gpu")
"""Extras that doctor leaves out: `all` is the sum of the others, the last two are not for users."""

SHOWN_KEYS = 8
"""How many of the keys that are not set are named."""

EXAMPLES = ("datagen doctor", "datagen doctor --model openai/gpt-4o-mini")

Probe = Callable[[str], tuple[bool, str]]
"""Asks one model for one word: whether it answered, and a sentence."""


def command(model: given.Model = None, allow_host: given.AllowHost = None, json_: given.Json = False) -> int:
    """Say what is installed and whether models answer.

    Keys are named, their values never shown.
    """
    from datagen_cli.cli.ping import ping

    result = doctor(model or [], lambda name: ping(name, allow_host or []))
    if json_:
        console.emit_json(result)
    else:
        show_doctor(result)
    return int(result["exit_code"])


def doctor(models: Sequence[str], probe: Probe | None = None) -> dict[str, Any]:
    """The state of the installation, as JSON values.

    Gives `{datagen, python, platform, packages: {name: version or null}, extras: {name: {installed, missing}},
    weights: {name: {installed, brings}}, keys: {name: set or not}, env_file: whether the working folder has a `.env`,
    models: [{name, answers, detail}], exit_code}`.
    `answers` is null without a `probe`; `exit_code` is 5 when a model named does not answer.
    """
    import platform

    from datagen_cli.llm.gguf.files import BRINGS_SMOLLM2, SMOLLM2, smollm2_file

    needed = {name: [package_name(line) for line in lines] for name, lines in requirements().items()}
    asked = [_asked(name, probe) for name in models]
    failed = any(row["answers"] is False for row in asked)
    return {
        "datagen": installed_version(DISTRIBUTION),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: installed_version(name) for name in needed.get("", [])},
        "extras": {name: _extra(names) for name, names in needed.items() if name not in ("", *INNER_EXTRAS)},
        "weights": {SMOLLM2: {"installed": smollm2_file() is not None, "brings": BRINGS_SMOLLM2}},
        "keys": keys_set(os.environ, Path.cwd()),
        "env_file": (Path.cwd() / ".env").is_file(),
        "models": asked,
        "exit_code": EXIT_PROVIDER if failed else EXIT_DONE,
    }


def show_doctor(result: Mapping[str, Any]) -> None:
    """The same in tables on stdout, and what to do about it."""
    versions = {"datagen": result["datagen"], "python": result["python"], **result["packages"]}
    rows = [[name, version or "missing"] for name, version in versions.items()]
    console.table("installed", ["package", "version"], rows, to="stdout")
    rows = [
        [name, "yes" if extra["installed"] else f"no: {', '.join(extra['missing'])}"]
        for name, extra in result["extras"].items()
    ]
    console.table("extras", ["extra", "installed"], rows, to="stdout")
    rows = [
        [name, "yes" if found["installed"] else f"no: {found['brings']}"] for name, found in result["weights"].items()
    ]
    console.table("weights", ["model", "installed"], rows, to="stdout")
    _show_keys(result["keys"], result["env_file"])
    words = {True: "yes", False: "no", None: "not asked"}
    rows = [[row["name"], words[row["answers"]], row["detail"]] for row in result["models"]]
    if rows:
        console.table("models", ["model", "answers", "detail"], rows, to="stdout")
    if result["exit_code"] == EXIT_DONE:
        console.next_step(advice(result))
    else:
        console.note(advice(result))


def _show_keys(keys: Mapping[str, bool], env_file: bool) -> None:
    """The variables that were looked for, those that are set apart; never a value."""
    there, others = ([name for name, is_set in keys.items() if is_set is state] for state in (True, False))
    where = f"the environment and .env of this folder{'' if env_file else ' (there is none)'}"
    rows = [[name, "set"] for name in there] or [["none", "not set"]]
    console.table(f"keys, looked for in {where}", ["variable", "state"], rows, to="stdout")
    more = f" and {len(others) - SHOWN_KEYS:,} more: --json names all" if len(others) > SHOWN_KEYS else ""
    console.paragraph(f"not set: {', '.join(others[:SHOWN_KEYS])}{more}" if others else "all are set")


def advice(result: Mapping[str, Any]) -> str:
    """The one thing to do next."""
    lost = [name for name, version in result["packages"].items() if version is None]
    if lost:
        return install_hint("", *lost)
    silent = [row["name"] for row in result["models"] if row["answers"] is False]
    if silent:
        what = f"look at what is said of {silent[0]} (its key and address, or its file)"
        return f"{what}, then: datagen doctor --model {silent[0]}"
    if result["models"]:
        asked = " ".join(f"--model {shlex.quote(row['name'])}" for row in result["models"][:1])
        return f"datagen generate tickets {asked} --dry-run"
    return "datagen generate quickstart"


def installed_version(name: str) -> str | None:
    """The version of a distribution, or None when it is not installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return None


def keys_set(environ: Mapping[str, str], cwd: Path) -> dict[str, bool]:
    """The variables that hold vendors' keys, and whether each is set, here or in `.env` of the working folder."""
    from datagen_cli.config.environment import read_environment
    from datagen_cli.llm.vendors import vendors

    known = read_environment(environ, cwd)
    names = dict.fromkeys(key for vendor in vendors().values() for key in vendor.keys)
    return {name: bool(known.get(name)) for name in names}


def _extra(names: Sequence[str]) -> dict[str, Any]:
    missing = [name for name in names if installed_version(name) is None]
    return {"installed": not missing, "missing": missing}


def _asked(name: str, probe: Probe | None) -> dict[str, Any]:
    answers, detail = (None, "") if probe is None else probe(name)
    return {"name": name, "answers": answers, "detail": detail}
