"""A bench made ready: everything that can be wrong with it is found here, before anything is paid or written.

Every candidate of every setting is built, every file is read, base and reference students are trained.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from datagen_cli.bench.exams import (
    Exam,
    base_and_reference,
    known_labels,
    open_exam,
    refuse_other_labels,
    training_rows,
)
from datagen_cli.bench.gap import GapTooSmall, recovered
from datagen_cli.bench.judge import ROLE, refuse_own_judge
from datagen_cli.bench.options import BenchOptions, Candidate, candidates_of, refuse_fixed
from datagen_cli.bench.perplexity import local_name
from datagen_cli.bench.settings import BenchRunOptions, Cell, Setting, cells_of, settings_of
from datagen_cli.config.models import Limits, SharedModel
from datagen_cli.core.digest import digest
from datagen_cli.core.errors import DataError, Place, UsageError
from datagen_cli.core.fields import About
from datagen_cli.core.jsonl import make_folder, read_json, write_json
from datagen_cli.core.registry import suggest
from datagen_cli.core.system import open_given
from datagen_cli.evaluation.columns import column_names
from datagen_cli.evaluation.load import Loaded, Wanted, load_dataset
from datagen_cli.evaluation.student import unfit
from datagen_cli.evaluation.subsets import drawn_rows
from datagen_cli.metrics.dataset import Dataset
from datagen_cli.pipeline.build import Built
from datagen_cli.pipeline.questions import Desk, limits_in, named_model, open_desk_client
from datagen_cli.students.transformer import check_student

FILE = "bench.json"
STUDENT = "solver"
"""The role that the in-context student plays: it answers at temperature 0."""
FORMAT = 1


@dataclass(frozen=True)
class Bench:
    """A bench, ready to run. `ready` holds the datasets by file, `exams` those of the settings that students sit."""

    options: BenchOptions
    way: BenchRunOptions
    candidates: Sequence[Candidate]
    settings: Sequence[Setting]
    cells: Sequence[Cell]
    digest: str
    ready: dict[str, Loaded] = field(default_factory=dict)
    exams: dict[str, Exam] = field(default_factory=dict)
    judge: Desk | None = None
    student: Desk | None = None

    @property
    def simulated(self) -> bool:
        """Whether anything that is compared was, or will be, written by the offline model."""
        made = any(setting.built.simulated for setting in self.settings if setting.built)
        return made or any(loaded.dataset.simulated for loaded in self.ready.values())

    def of(self, setting: Setting, candidate: Candidate) -> list[Cell]:
        """The cells of a candidate under a setting, a seed each."""
        return [cell for cell in self.cells if cell.setting is setting and cell.candidate is candidate]

    def read(self, cell: Cell) -> Loaded:
        """The records of a cell."""
        if cell.candidate.dataset:
            return self.ready[cell.candidate.dataset]
        assert cell.setting.built is not None
        like = like_of(cell.setting.built)
        return load_dataset(str(cell.folder), Wanted(tuple(like.text_fields), usual_label=like.label_field))


def plan_bench(options: BenchOptions, way: BenchRunOptions) -> Bench:
    """Reads and builds everything. Raises `UsageError` and its kin for what is wrong."""
    refuse_fixed(options.vary)
    candidates = candidates_of(options)
    writers = [one for one in candidates if not one.dataset]
    if twice := next((seed for seed in options.seeds if options.seeds.count(seed) > 1), None):
        raise UsageError(f"--seed {twice}: given twice", hint="name different seeds")
    if writers and len(options.seeds) < 2:
        raise UsageError("one seed alone: there is no interval over seeds", hint="--seed 0 --seed 1 --seed 2")
    if options.test is None and (options.students or options.train):
        raise UsageError("students need real rows to be tested on", hint="--test FILE")
    settings = settings_of(options, candidates, way)
    fixed = _digest(options, settings)
    if way.own_folder:
        way = replace(way, out=way.out.with_name(f"{way.out.name}-{fixed[:6]}"), own_folder=False)
    _refuse_other_settings(way.out, fixed)
    ready = {one.dataset: _ready(one, options, settings) for one in candidates if one.dataset}
    bench = Bench(
        options, way, candidates, settings, cells_of(settings, candidates, options, way), fixed, ready,
        {} if options.test is None else {one.name: _exam(one, options, ready) for one in settings},
        _judge(options, way, settings, writers), _student(options, way),
    )  # fmt: skip
    for setting in settings if bench.exams else ():
        if "linear" in (options.students or ["linear"]):
            _refuse_no_gap(bench, setting)
    return bench


def _ready(candidate: Candidate, options: BenchOptions, settings: Sequence[Setting]) -> Loaded:
    """A ready dataset: its text is that of the others where it has their columns, else that of the real rows, else its
    only text column. Raises `DataError` for one without rows or text."""
    built = settings[0].built
    like = like_of(built) if built else None
    label = options.label or (like.label_field if like else None)
    loaded = load_dataset(candidate.dataset, Wanted((), options.label, usual_label=label))
    place = Place(candidate.dataset)
    if not len(loaded.dataset):
        raise DataError(f"--dataset {candidate.name}: no rows", hint="name a file with rows", place=place)
    columns = column_names(loaded.dataset.rows)
    named = (options.text, options.test_text, like.text_fields if like else ())
    texts = next((some for some in named if some and set(some) <= set(columns)), loaded.dataset.text_fields)
    if not texts or (texts is loaded.dataset.text_fields and options.text and len(texts) > 1):
        raise DataError(
            f"--dataset {candidate.name}: no column {', '.join(options.text) or 'of text'}",
            hint=suggest(options.text[0], columns) if options.text else "--text FIELD names it",
            place=place,
        )
    return _cut(replace(loaded, dataset=replace(loaded.dataset, text_fields=tuple(texts))), options.count)


def _cut(loaded: Loaded, most: int | None) -> Loaded:
    """At most so many rows of a ready dataset, drawn at random: as many as generators write."""
    if most is None or len(loaded.dataset) <= most:
        return loaded
    return replace(loaded, dataset=drawn_rows(loaded.dataset, most), total=most)


def like_of(built: Built) -> Dataset:
    """An empty dataset with the text fields and the label of what a recipe makes."""
    label = built.base.label.field if built.base.label else None
    texts = [spec.name for spec in built.specs if spec.type == "text" and spec.name != label and spec.keep]
    return Dataset(built.recipe.options.name, [], tuple(texts), label)


def about_of(built: Built) -> About:
    """What a model is told of the dataset of a recipe."""
    label = built.base.label
    meanings = dict(label.definitions) if label else {}
    return About(built.recipe.options.description, built.specs, meanings, label_field=built.label_field)


def _exam(setting: Setting, options: BenchOptions, ready: dict[str, Loaded]) -> Exam:
    assert options.test is not None
    built = setting.built
    sets = [one.dataset for one in ready.values()]
    like = like_of(built) if built else next((one for one in sets if one.label_field), sets[0])
    if like.label_field is None:
        raise UsageError(f"{setting.name}: there is no label that a student could learn", hint="leave out --test")
    for file, loaded in ready.items():
        if loaded.dataset.label_field is None:
            columns = ", ".join(column_names(loaded.dataset.rows)[:8])
            hint = f"its columns are {columns}; --label FIELD names the label, of all ready sets alike"
            raise DataError(f"{file}: no column {like.label_field}", hint=hint)
    own = None
    if built and built.base.rows and options.train is None:
        rows = [dict(row) for _, row in built.base.rows]
        name = f"the base {Path(built.base.shown).name}".strip()
        own = Loaded(
            Dataset(name, rows, like.text_fields, like.label_field, tuple(i for i, _ in built.base.rows)), len(rows)
        )
    wanted = Wanted(tuple(options.test_text), options.label, text_option="--test-text")
    exam = open_exam(options.test, options.train, own, like, wanted)
    for name, known in _labels(built, ready).items():
        refuse_other_labels(exam, known, name)
    return exam


def _labels(built: Built | None, ready: dict[str, Loaded]) -> dict[str, list[str]]:
    """The labels that candidates have, where that is known before they write: of the recipe, and of every ready set."""
    found = {}
    if built and built.base.label:
        plan = built.base.label
        if plan.values:
            found[built.recipe.options.name] = known_labels(plan.values)
    for file, loaded in ready.items():
        labels = [label for label in loaded.dataset.labels or [] if label is not None]
        found[file] = sorted(set(known_labels([label for label in labels if not isinstance(label, list | dict)])))
    return found


def _refuse_no_gap(bench: Bench, setting: Setting) -> None:
    """Raises `GapTooSmall` where the reference learns no more than the base knows, and `DataError` for a ready set that
    has too few rows beside those of the test."""
    exam = bench.exams[setting.name]
    sizes: dict[str, int] = {"the recipe's count": setting.count} if setting.count else {}
    for name, data in ((one.name, bench.ready[one.dataset].dataset) for one in bench.candidates if one.dataset):
        rows = training_rows(data, exam)
        if len(rows) < len(data) and (reason := unfit(rows, exam.test)):
            hint = f"{len(data) - len(rows):,} of its {len(data):,} rows have no label or stand in the test"
            raise DataError(f"--dataset {name}: {reason}", hint=hint)
        sizes[f"--dataset {name}"] = len(rows)
    fewest = min(sizes, key=sizes.__getitem__)
    n = max(sizes[fewest], 2)
    base, reference = base_and_reference(exam, n, len(bench.options.seeds))
    try:
        recovered(reference, base, reference)
    except GapTooSmall as error:
        if n >= len(exam.train):
            raise
        raise GapTooSmall(
            f"{error}; the reference learns from {n:,} of {len(exam.train):,} real rows, the size of {fewest}",
            hint="larger sets, or a test that the base cannot pass; without --test nothing is trained",
        ) from error


def _judge(
    options: BenchOptions, way: BenchRunOptions, settings: Sequence[Setting], writers: Sequence[Candidate]
) -> Desk | None:
    if options.judge is None:
        return None
    model = named_model(options.judge, ROLE, way.environ)
    generators: dict[str, Sequence[SharedModel]] = {}
    for one in writers:
        if one.model is not None:
            generators[one.called] = [named_model(one.model, "generator", way.environ)]
        for setting in settings if one.model is None else ():
            assert setting.built is not None
            generators[one.called] = setting.built.recipe.models["generator"]
    refuse_own_judge(model, generators)
    return _desk(model, ROLE, "judge", way)


def _desk(model: SharedModel, role: str, folder: str, way: BenchRunOptions) -> Desk:
    """Who is asked outside of runs, tried before anything is sent."""
    desk = Desk(model, role, way.out / folder, way.environ, way.allow_hosts, limits_of(way))
    open_desk_client(desk, lambda text: None)
    return desk


def _student(options: BenchOptions, way: BenchRunOptions) -> Desk | None:
    """Who answers for the in-context student. Raises `UsageError` without a model, `MissingExtra` for a transformer
    student without what trains it."""
    if "transformer" in options.students:
        check_student(options.tuned)
    if options.perplexity:
        local_name(options.perplexity)
    if "in_context" not in options.students:
        return None
    if options.student_model is None:
        raise UsageError("no model is named for the in-context student", hint="--student-model MODEL")
    return _desk(named_model(options.student_model, STUDENT, way.environ), STUDENT, "students", way)


def limits_of(way: BenchRunOptions, max_cost: float | None = None) -> Limits:
    """The limits of questions outside of runs: those of `--set`, and the bench's own; `max_cost` wins over both."""
    own = {**way.limits, **({} if max_cost is None else {"max_cost": max_cost})}
    return limits_in(
        [*way.overrides, *(f"limits.{name}={value}" for name, value in own.items() if value is not None)], way.environ
    )


def _digest(options: BenchOptions, settings: Sequence[Setting]) -> str:
    """Of all that is fixed: two leaderboards of one digest may be laid side by side."""
    compared = {"name", "recipes", "models", "datasets", "vary", "set", "roles", "test", "train"}
    own = options.model_dump(mode="json", exclude=compared)
    files = [_content(name) if name else None for name in (options.test, options.train)]
    return digest(FORMAT, own, files, [[one.name, one.digest, one.count] for one in settings])


def _content(name: str) -> str:
    try:
        with open_given(name) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):
        return name


def _refuse_other_settings(out: Path, fixed: str) -> None:
    """Raises `UsageError` where a folder holds a bench of other settings."""
    known = read_json(out / FILE)
    before = known.get("settings") if isinstance(known, dict) else None
    if before not in (None, fixed):
        raise UsageError(
            f"this folder holds a bench of other settings ({before}; these are {fixed})",
            hint="results of different settings are never in one table: another folder with -o",
            place=Place(str(out)),
        )


def claim(bench: Bench) -> None:
    """Makes the bench's folder, and says in it what is fixed."""
    make_folder(bench.way.out)
    write_json(bench.way.out / FILE, {"settings": bench.digest, "format": FORMAT})
