"""The recipe: what a run is, as frozen data. `load.py` makes one from YAML; nothing here reads a file.

`RecipeOptions` is the YAML as written, `Recipe` the same with defaults filled in and checks resolved by name.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from datagen_cli.config.attributes import AttributeOptions
from datagen_cli.config.checks import Check
from datagen_cli.config.environment import Expansion
from datagen_cli.config.fields import FieldOptions, LabelOptions, label_text
from datagen_cli.config.models import Limits, ModelOptions, Sampling, SharedModel
from datagen_cli.config.tree import Node, read_path
from datagen_cli.core import registry
from datagen_cli.core.errors import Place
from datagen_cli.core.options import Options

Method = Literal["instance", "response", "enhance"]
AnswerForm = Literal["fences", "json"]
NO_EXAMPLES = "none"


class CsvOptions(Options):
    """How a table is written, where its first lines do not show it."""

    delimiter: str | None = Field(None, min_length=1, max_length=1, description="the sign between columns")
    quote: str | None = Field(None, max_length=1, description="the sign around cells; empty: none")
    header: bool | list[str] | None = Field(None, description="whether the first row names the columns, or their names")
    decimal: Literal[".", ","] = Field(".", description="the decimal sign of numbers")
    encoding: str | None = Field(None, description="such as cp1252; UTF-8 without it")

    @model_validator(mode="after")
    def _known_encoding(self) -> CsvOptions:
        if self.encoding is not None:
            try:
                io.TextIOWrapper(io.BytesIO(), self.encoding)  # refuses what is known and reads no text, such as hex
            except LookupError as error:
                raise ValueError(f"encoding: there is no encoding {self.encoding!r}") from error
        return self


class BaseOptions(Options):
    """The base dataset: a local file, or one of the hub."""

    path: str | None = Field(None, min_length=1, description="a .jsonl, .json, .csv, .tsv or .parquet file")
    hf: str | None = Field(None, description="a dataset of the hub, such as openai/gsm8k")
    config: str | None = Field(None, description="hf: the dataset's configuration, such as main")
    split: str = Field("train", description="hf: the split that is read")
    revision: str | None = Field(None, description="hf: a commit, tag or branch")
    limit: int | None = Field(None, ge=1, description="only the first rows")
    on_bad_row: Literal["stop", "skip"] = Field(
        "stop", description="of a row that cannot be read: stop with its line, or skip it; skipped rows are counted"
    )
    license: str | None = Field(
        None, min_length=1, max_length=200, description="the base's licence for the card, such as cc-by-4.0"
    )
    csv: CsvOptions | None = Field(None, description="how a .csv or .tsv file is written")

    @model_validator(mode="after")
    def _one_source(self) -> BaseOptions:
        if (self.path is None) == (self.hf is None):
            raise ValueError("needs exactly one of path and hf")
        if self.path is not None and (self.config or self.revision or "split" in self.model_fields_set):
            raise ValueError("config, split and revision go with hf")
        return self


class _Strategies:
    """The names that `examples.strategy` takes, looked up when one is given or the schema is written."""

    @classmethod
    def __get_pydantic_json_schema__(cls, _: Any, __: Any) -> dict[str, Any]:
        return {"enum": [*registry.names("examples"), NO_EXAMPLES], "type": "string"}

    @staticmethod
    def known(name: str) -> str:
        if name != NO_EXAMPLES and not registry.is_name("examples", name):
            known = [*registry.names("examples"), NO_EXAMPLES]
            raise ValueError(f"{name!r} is none of {', '.join(known)}: {registry.suggest(name, known)}")
        return name


class ExamplesOptions(Options):
    """Few-shot examples: rows of the base, or records written here."""

    strategy: Annotated[str, AfterValidator(_Strategies.known), _Strategies] = Field(
        "random", description="random rows; clusters: rows from different clusters of embeddings; none"
    )
    k: int = Field(3, ge=1, description="examples in a prompt")
    inline: list[dict[str, Any]] | None = Field(
        None, min_length=1, description="records to show instead of rows of the base, each with every field"
    )

    @property
    def drawer(self) -> Any:
        """The class that draws, by name; records written here are few, and drawn at random."""
        strategy = type(self).model_fields["strategy"].default if self.inline else self.strategy
        return registry.load("examples", strategy)

    @property
    def by_vectors(self) -> bool:
        """Whether the draw needs an embedding of every row."""
        return self.strategy != "none" and self.drawer.needs_vectors


class MeasureOptions(Options):
    """How often a solver answers a record, before it is made harder and after."""

    attempts: int = Field(5, ge=1, le=25, description="independent answers")


class DifficultyOptions(Options):
    """Which share of the records is made harder, and how. A child must pass the checks again, or its parent stays."""

    share: float = Field(ge=0, le=1, description="the share of the records that is made harder")
    measure: MeasureOptions | None = Field(None, description="pass rates of the solver before and after")
    operators: list[Literal["paraphrase", "add_context", "paraphrase_choices", "add_choice", "more_steps"]] = Field(
        min_length=1, description="one is drawn for each record"
    )


MOST_NEIGHBOURS = 50_000
"""Records among which embedding neighbours are looked for: every vector is compared with every other."""


class DedupOptions(Options):
    """Which repeats are refused beyond exact ones."""

    near: float | None = Field(None, gt=0, le=1, description="Jaccard similarity of word 3-shingles")
    threshold: float | None = Field(None, gt=0, le=1, description="cosine similarity of embeddings")
    against: list[str] = Field(
        default_factory=lambda: ["accepted", "base"],
        min_length=1,
        description="what a record must not repeat: accepted, base, files, run folders, patterns such as runs/a-*",
    )
    embedder: str | None = Field(None, description="minilm, hashed, or a hub id or path")


class PromptOptions(Options):
    """Templates that replace the shipped ones: a file that ends in .j2, or the text itself."""

    system: str | None = Field(None, description="the system message")
    generate: str | None = Field(None, description="the message that asks for records")


class RecipeOptions(Options):
    """A recipe as written. Checks and models are still raw here; `load.py` resolves them by name."""

    version: Literal[1] = Field(description="of the recipe format: 1")
    name: str = Field(
        min_length=1,
        max_length=100,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        description="names the run's folder: letters, digits, dots, dashes and underscores",
    )
    description: str = Field(min_length=1, description="what the records are: it begins every prompt")
    method: Method = Field(
        "instance",
        description="instance: new records; response: answers to the base's inputs; enhance: repairs its weak answers",
    )
    base: BaseOptions | None = None
    fields: dict[str, FieldOptions] | None = Field(None, description="ours: a column of the base, or what it is")
    write: list[str] | None = Field(None, description="response and enhance: the fields that the model writes")
    format: AnswerForm | None = Field(
        None,
        description="how records are asked for: in parts with fenced code, or as JSON; fences where code is written",
    )
    label: LabelOptions | None = None
    model: ModelOptions | None = None
    models: dict[
        Literal["generator", "coder", "solver", "reviewer", "extractor", "judge"], ModelOptions | list[SharedModel]
    ] = Field(
        default_factory=dict,
        description="a model for each role: generator, coder, solver, reviewer, extractor, judge; those not named use"
        " `model`",
    )
    count: int = Field(ge=1, le=10_000_000, description="accepted, distinct records")
    seed: int = Field(0, ge=0, description="of the plan, the examples and all draws")
    records_per_call: int = Field(1, ge=1, le=100, description="how many records one call asks for")
    examples: ExamplesOptions | None = None
    attributes: dict[str, AttributeOptions] = Field(
        default_factory=dict, description="names and their values; the plan draws one of each for every record"
    )
    cover: bool = Field(
        False,
        description="move quota to attribute values, and with clustered examples to clusters, that the base has few of",
    )
    pin: list[dict[str, str]] = Field(
        default_factory=list, description="combinations of attribute values that must occur"
    )
    constraints: list[Any] = Field(default_factory=list)
    validators: list[Any] = Field(default_factory=list)
    difficulty: DifficultyOptions | None = None
    dedup: DedupOptions | None = None
    sampling: Sampling = Field(default_factory=Sampling)
    limits: Limits = Field(default_factory=Limits)
    prompts: PromptOptions = Field(default_factory=PromptOptions)
    embedder: str | None = Field(
        None, description="minilm, hashed, or a hub id or path; minilm without it where installed, else hashed"
    )

    @field_validator("pin", mode="before")
    @classmethod
    def _text_pins(cls, value: Any) -> Any:
        """Pinned values are text, as the values of attributes are."""
        if not isinstance(value, list):
            return value
        return [{key: _text(item) for key, item in pin.items()} if isinstance(pin, dict) else pin for pin in value]

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> RecipeOptions:
        if self.model is None and "generator" not in self.models:
            raise ValueError("model is missing: name one, such as `model: offline`")
        if self.fields is None and self.base is None:
            raise ValueError("fields is missing: without a base it must say what a record is made of")
        return self


def _text(value: Any) -> Any:
    return label_text(value) if isinstance(value, str | int | float | bool) else value


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe ready to run.

    `options` is what was written; `models` maps every role to its models (several only for the generator);
    `constraints` and `validators` are resolved checks with unique names; `examples` is None when none are used.
    `file` names the recipe (a path, or `shipped:quickstart`); `folder` is where its relative paths start.
    `source` is the merged YAML before `${ENV}` was expanded, for the lock: paths in it are absolute. `tree` is the same
    with the place of every value. `expansions` are the variables that it refers to where they expand. `remarks` say
    what the command line took out of it.
    """

    options: RecipeOptions
    models: Mapping[str, tuple[SharedModel, ...]]
    constraints: tuple[Check, ...]
    validators: tuple[Check, ...]
    examples: ExamplesOptions | None
    file: str
    folder: str
    source: Mapping[str, Any]
    tree: Node | None = field(default=None, compare=False, repr=False)
    expansions: tuple[Expansion, ...] = ()
    remarks: tuple[str, ...] = field(default=(), compare=False)

    def place(self, where: str) -> Place:
        """File and line of an option such as `constraints[1].length`, else of the nearest thing around it."""
        if self.tree is None:
            return Place(self.file)
        return self.tree.nearest(read_path(where)).place if where else self.tree.place

    @property
    def checks(self) -> tuple[Check, ...]:
        """All checks, constraints first."""
        return self.constraints + self.validators
