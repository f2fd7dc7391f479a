"""What is to be compared, and on what terms: a bench file (`bench: 1`) and the command line, merged.

A bench file is YAML beside the recipes that it names; its relative paths start at its own folder. What the command line
says wins over it; lists replace lists.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from datagen_cli.config.explain import placed, problem_error, problems_of
from datagen_cli.config.includes import model_node, read_mapping
from datagen_cli.config.models import ROLES
from datagen_cli.config.shipped import is_file, read_bytes, shipped_config, shipped_recipes
from datagen_cli.config.tree import Node, Source
from datagen_cli.core.errors import Place, UsageError
from datagen_cli.core.nearby import near_file
from datagen_cli.core.options import Options

StudentKind = Literal["linear", "in_context", "transformer"]
AS_IS = "as-is"
"""A value of `--vary` that leaves the recipe as it is written."""
SEEDS = (0, 1, 2)
RECIPE = "recipe"
"""What the recipe's own generator is called."""


class BenchOptions(Options):
    """A bench: recipes, what is compared on them, and how the results are measured."""

    bench: Literal[1] = Field(1, description="of the format of bench files: 1")
    name: str | None = Field(None, min_length=1, max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    recipes: list[str] = Field(default_factory=list, description="recipe files, or names of shipped ones: the settings")
    models: dict[str, str | dict[str, Any]] = Field(
        default_factory=dict, description="generators by name: the name of a model, a file with one, or a mapping"
    )
    roles: dict[str, str | dict[str, Any]] = Field(
        default_factory=dict, description="models of the other roles, the same for all: reviewer, coder, solver, …"
    )
    datasets: dict[str, str] = Field(default_factory=dict, description="ready datasets by name, or run folders")
    vary: dict[str, list[Any]] = Field(
        default_factory=dict, description="recipe keys and their values; null removes, as-is leaves the key alone"
    )
    set: dict[str, Any] = Field(default_factory=dict, description="recipe keys that are the same for all")
    judge: str | dict[str, Any] | None = Field(None, description="a model that marks quality and difficulty")
    judged: int = Field(20, ge=1, description="records of a cell that the judge marks")
    students: list[StudentKind] = Field(default_factory=list, description="students to train: linear without it")
    student_model: str | dict[str, Any] | None = Field(None, description="the model of the in-context student")
    tuned: str = Field("scratch", min_length=1, description="what the transformer student is fine-tuned from")
    demonstrations: int = Field(4, ge=1, description="examples that the in-context student is shown")
    examined: int = Field(100, ge=10, description="test rows that the in-context student answers")
    test: str | None = Field(None, description="real rows that students are tested on")
    train: str | None = Field(None, description="real rows of the reference student; the recipe's base without it")
    text: list[str] = Field(default_factory=list, description="text fields of ready datasets")
    test_text: list[str] = Field(default_factory=list, description="text fields of the real rows")
    label: str | None = Field(None, description="the label field of ready datasets")
    sizes: list[Annotated[int, Field(ge=2)]] = Field(
        default_factory=list, description="numbers of records that linear students learn from, beside all"
    )
    perplexity: str | None = Field(None, min_length=1, description="a local model that says how usual the texts are")
    measures: list[str] | None = Field(None, description="measures of `datagen eval` to show")
    include_seed: bool = Field(False, description="students also learn from the rows that were shown as demonstrations")
    seeds: list[int] = Field(default_factory=lambda: list(SEEDS), min_length=1)
    count: int | None = Field(None, ge=1, description="accepted records of a cell; the recipe's own without it")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of those that are compared: a generator (None: the recipe's own) with the recipe keys that this variant sets,
    or a ready `dataset`, which is a file or a run folder."""

    name: str
    called: str = ""
    model: str | Mapping[str, Any] | None = None
    varied: Mapping[str, str] = field(default_factory=dict)
    dataset: str = ""

    @property
    def overrides(self) -> list[str]:
        """The variant as `--set` takes it."""
        return [f"{key}={value}" for key, value in self.varied.items() if value != AS_IS]


def read_bench(source: str, cwd: Path) -> BenchOptions | None:
    """The options of a bench file, None where `source` is no such file. Raises `RecipeError` for a broken one.

    A path from `cwd` wins over the name of a shipped file (`bench/agora-mini`, or `agora-mini`).
    """
    path = cwd / source
    if source == "-" or not is_file(path):
        found = None if source in shipped_recipes() else _shipped(source)
        if found is None:
            return None
        path, source = found, f"shipped:{source}"
    if path.suffix not in (".yaml", ".yml"):
        return None
    node = read_mapping(read_bytes(path, source), Source(source, str(path.resolve().parent)))
    if "bench" not in node.mapping:
        return None
    try:
        options = BenchOptions.model_validate(node.plain())
    except ValidationError as error:
        raise problem_error(placed(problems_of(error, node, (), BenchOptions), node)) from error
    return _from_its_folder(options, node, path)


def _shipped(name: str) -> Path | None:
    return shipped_config(name if name.startswith(("bench/", "configs/")) else f"bench/{name}")


def _from_its_folder(options: BenchOptions, node: Node, path: Path) -> BenchOptions:
    """Paths made absolute from the file's folder; a recipe that is no file there is the name of a shipped one."""
    folder = Path(node.source.folder)

    def absolute(name: str | None) -> str | None:
        return None if name is None else os.path.abspath(folder / os.path.expanduser(name))

    def recipe(name: str) -> str:
        return name if name in shipped_recipes() and not is_file(folder / name) else str(absolute(name))

    def model(value: Any) -> Any:
        return absolute(value) if isinstance(value, str) and is_file(folder / value) else value

    changed = {
        "name": options.name or path.stem,
        "recipes": [recipe(name) for name in options.recipes],
        "models": {name: model(value) for name, value in options.models.items()},
        "roles": {name: model(value) for name, value in options.roles.items()},
        "datasets": {name: absolute(file) for name, file in options.datasets.items()},
        **{name: absolute(getattr(options, name)) for name in ("test", "train")},
        **{name: model(getattr(options, name)) for name in ("judge", "student_model")},
    }
    return options.model_copy(update=changed)


def candidates_of(options: BenchOptions) -> list[Candidate]:
    """What is compared, in order: every generator with every variant, then the ready datasets.

    Raises `UsageError` where that is fewer than two, or a name stands for two things.
    """
    variants = _variants(options.vary)
    generators: dict[str, str | dict[str, Any] | None] = dict(options.models)
    if not generators and options.recipes and (options.vary or options.datasets):
        generators[RECIPE] = None
    found = []
    for name, model in generators.items():
        for varied in variants:
            shown = ", ".join(f"{key}={value}" for key, value in varied.items())
            alone = model is None and shown
            own = None if model is None else model_of(model, Path.cwd())
            found.append(Candidate(shown if alone else f"{name} [{shown}]" if shown else name, name, own, varied))
    found += [Candidate(name, dataset=file) for name, file in options.datasets.items()]
    names = [one.name for one in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(f"{twice!r} names two of those that are compared", hint="give one another name")
    if len(found) < 2:
        one = f"{names[0]} alone is" if names else "nothing is"
        raise UsageError(
            f"{one} named, and bench compares two or more",
            hint="--model A --model B, --dataset NAME=FILE, or --vary KEY=a,b",
        )
    return found


def _variants(vary: Mapping[str, Sequence[Any]]) -> list[dict[str, str]]:
    """Every combination of values, as texts for `--set`."""
    found: list[dict[str, str]] = [{}]
    for key, values in vary.items():
        texts = [value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in values]
        if len(set(texts)) < 2 or len(set(texts)) < len(texts):
            what = "the same value twice" if len(set(texts)) < len(texts) else "one value only"
            raise UsageError(f"--vary {key}: {what}", hint="name two or more: KEY=a,b")
        found = [{**one, key: text} for one in found for text in texts]
    return found


FIXED = ("name", "version", "seed", "count", "model", "models.generator")
"""Keys that `--vary` refuses: those of the comparison itself."""


def read_vary(texts: Sequence[str]) -> dict[str, list[str]]:
    """`KEY=a,b` of the command line; commas inside brackets, braces and quotes part nothing."""
    found: dict[str, list[str]] = {}
    for text in texts:
        key, sign, values = text.partition("=")
        key = key.strip()
        if not sign or not key:
            raise UsageError(f"--vary {text}: expected KEY=a,b", hint="such as --vary sampling.temperature=0.2,1.0")
        if key in found:
            raise UsageError(f"--vary {key}: given twice", hint="list all its values in one: KEY=a,b,c")
        found[key] = _parted(values)
    return found


def refuse_fixed(vary: Mapping[str, Any]) -> None:
    """Raises `UsageError` for a key that all that are compared have in common."""
    for key in vary:
        if key in FIXED or key.startswith("model."):
            hint = "-n and --seed set it, for all"
            if "model" in key:
                hint = "--model A --model B compares models; models.generator.KEY is an option of theirs"
            raise UsageError(f"--vary {key}: this key cannot vary", hint=hint)


def _parted(text: str) -> list[str]:
    parts, depth, quote, start = [], 0, "", 0
    for place, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in "[{(":
            depth += 1
        elif char in "]})":
            depth -= 1
        elif char == "," and depth == 0:
            parts.append(text[start:place].strip())
            start = place + 1
    return [*parts, text[start:].strip()]


def read_datasets(texts: Sequence[str]) -> dict[str, str]:
    """`NAME=FILE` of the command line."""
    found: dict[str, str] = {}
    for text in texts:
        name, sign, file = text.partition("=")
        if not sign or not name.strip() or not file.strip():
            raise UsageError(f"--dataset {text}: expected NAME=FILE", hint="such as --dataset gpt-4=made.jsonl")
        if name.strip() in found:
            raise UsageError(f"--dataset {name.strip()}: given twice", hint="give one another name")
        if not Path(file.strip()).exists():
            hint = near_file(file.strip()) or "give a file or run"
            raise UsageError("--dataset: no such file or folder", hint=hint, place=Place(file.strip()))
        found[name.strip()] = file.strip()
    return found


def model_of(named: str | Mapping[str, Any], cwd: Path) -> str | Mapping[str, Any]:
    """The mapping that a file of a model holds; any other model as it is."""
    if not isinstance(named, str):
        return named
    found = model_node(Node(named, Source("--model", str(cwd), lines=False))).plain()
    return found if isinstance(found, str | dict) else named


def read_models(texts: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Generators by name, and models of other roles (`ROLE=MODEL`), of the command line.

    A file is called by its stem. The same model twice is compared with itself; its second name says so.
    """
    models: dict[str, str] = {}
    roles: dict[str, str] = {}
    for text in texts:
        role, sign, model = text.partition("=")
        if sign and role in ROLES and role != "generator":
            roles[role] = model
            continue
        model = model if sign and role == "generator" else text
        stem = Path(model).stem if model.endswith((".yaml", ".yml")) else model
        name, again = stem, 2
        while name in models:
            name, again = f"{stem} ({again})", again + 1
        models[name] = model
    return models, roles


def slug(name: str) -> str:
    """A name as that of a folder."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:60] or "cell"
