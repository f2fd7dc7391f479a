"""The package from Python: load a recipe, generate, evaluate, and the measures as functions.

    import datagen_cli as datagen

    recipe = datagen.load_recipe("quickstart", count=50)
    run = datagen.generate(recipe, "runs/first")
    report = datagen.evaluate(run)
    print(len(run), report["self_bleu"].value, datagen.self_bleu([row["question"] for row in run]))

A run is a folder here too: the same call again resumes it, and the command line reads what Python wrote. Nothing is
printed; `on_event` is told what happens. Errors of users are `DatagenError`s with a message and a hint, as the command
line prints them; a traceback ends with both. Functions may be called where an event loop is running already
(notebooks); `generate_async` lets the loop go on meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from datagen_cli.config.environment import read_environment
from datagen_cli.config.load import load_recipe as _load_recipe
from datagen_cli.config.load import with_limits
from datagen_cli.config.recipe import Recipe
from datagen_cli.core.errors import DatagenError, UsageError
from datagen_cli.core.python_words import in_python, python_words, reworded
from datagen_cli.runs.manifest import Manifest
from datagen_cli.runs.previous_run import recipe_place
from datagen_cli.runs.reader import RunReader

if TYPE_CHECKING:
    import numpy as np
    import pandas
    from numpy.typing import NDArray

    from datagen_cli.evaluation.evaluate import Evaluation
    from datagen_cli.metrics.measure import Measure
    from datagen_cli.pipeline.session import Session

OnEvent = Callable[[str, Mapping[str, Any]], None]
Rows = Sequence[Mapping[str, Any]]
AnyPath = str | Path
LIMITS = ("max_cost", "max_total_tokens", "max_minutes", "concurrency")


class GenerateOptions(TypedDict, total=False):
    """Options of `generate`, all as those of the command line.

    Limits win over the recipe's: USD, tokens, minutes, calls in flight. `engine` is `local` or `ray`, `ray_address`
    where its cluster is. `environ` holds keys and fills `${NAME}`; without it the environment and `.env` of the working
    folder do. `on_event(kind, facts)` is told each `accepted`, `rejected`, `call`, `retry` and `note` in the run's
    loop: be quick.
    """

    max_cost: float
    max_total_tokens: int
    max_minutes: float
    concurrency: int
    fresh: bool
    cache: str
    allow_hosts: Collection[str]
    unsafe_exec: bool
    engine: str
    ray_address: str
    environ: Mapping[str, str]
    on_event: OnEvent


@python_words()
def load_recipe(
    source: str | Path,
    *,
    model: str | Sequence[str] | Mapping[str, Any] = (),
    count: int | None = None,
    seed: int | None = None,
    set: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Recipe:
    """The recipe of a file or the name of a shipped one, with what the options change in it.

    `model` is a name or `ROLE=MODEL`, or several, or a mapping as in a recipe; `set` maps keys such as
    `"sampling.temperature"` to values, None removes a key. `environ` fills `${NAME}`: without it the environment and
    `.env` of the working folder. Raises `RecipeError`.
    """
    mapping = {"model": dict(model)} if isinstance(model, Mapping) else {}
    overrides = [f"{key}={json.dumps(value)}" for key, value in (mapping | dict(set or {})).items()]
    return _load_recipe(
        str(source),
        overrides=overrides,
        model=[model] if isinstance(model, str) else [] if mapping else list(model),
        count=count,
        seed=seed,
        environ=_environ(environ),
        cwd=Path.cwd(),
    )


class Run:
    """A run folder: its records in order, what was turned away, and what it cost. Reading writes nothing.

    `report` is what `generate --json` prints; `error` what stopped the run before its end, or None.
    """

    def __init__(
        self, path: str | Path, *, error: DatagenError | None = None, manifest: Manifest | None = None
    ) -> None:
        self.path = Path(path)
        self.error = error
        self._reader = RunReader(self.path)
        self._manifest = manifest

    @property
    def report(self) -> dict[str, Any]:
        """State, counts, cost, tokens and the like; of the call that made it, where one did."""
        return (self._manifest or self._reader.manifest).report()

    @property
    def state(self) -> str:
        """`done`, `short` (fewer records than asked for), `stopped`, `failed` or `running`."""
        return self._reader.state

    def __len__(self) -> int:
        """How many records were accepted."""
        return self._reader.manifest.accepted

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The accepted records, one after the other from the file."""
        return self._reader.rows()

    def __getitem__(self, at: int | slice) -> Any:
        """One accepted record by its place, or several; the file is read up to it each time."""
        if isinstance(at, slice):
            return self.to_list()[at]
        if not isinstance(at, int):
            raise TypeError(f"a record of a run has a place, such as run[0] or run[-1], not {at!r}")
        return next(islice(self, range(len(self))[at], None))

    def rejected(self) -> Iterator[dict[str, Any]]:
        """The attempts that were not kept, with stage and reason."""
        return self._reader.rejected()

    def to_list(self) -> list[dict[str, Any]]:
        """All accepted records."""
        return list(self)

    def to_pandas(self) -> pandas.DataFrame:
        """All accepted records as a table. Raises `UsageError` without pandas."""
        try:
            import pandas
        except ImportError as error:
            raise UsageError("pandas is not installed", hint="pip install pandas, or use to_list()") from error
        return pandas.DataFrame(self.to_list())

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r}, {self.state}, {len(self):,} records)"


def generate(
    recipe: Recipe | AnyPath, out: AnyPath | None = None, *, check: bool = True, **options: Unpack[GenerateOptions]
) -> Run:
    """Runs a recipe into the folder `out` (`runs/<name>` without it); the same call again resumes it.

    Raises `UsageError` and the like where nothing can begin. When something stops the run before its end (a cap, an
    endpoint that is away), everything received is kept and that error is raised; with `check=False` it is in
    `run.error` instead. A run that ends with fewer records than asked for raises nothing: its `state` is `short`.
    """
    session = _open(recipe, out, options)
    return _checked(session, _beside(session) if _loop_runs() else _whole(session), check=check)


async def generate_async(
    recipe: Recipe | AnyPath, out: AnyPath | None = None, *, check: bool = True, **options: Unpack[GenerateOptions]
) -> Run:
    """`generate` beside the running event loop. A cancelled task stops the run as Ctrl-C does: all is kept."""
    session = _open(recipe, out, options)
    task = asyncio.create_task(asyncio.to_thread(_whole, session))
    try:
        error = await asyncio.shield(task)
    except asyncio.CancelledError:
        session.interrupt()
        await task
        raise
    return _checked(session, error, check=check)


class Report(Mapping[str, "Measure"]):
    """The measures of one dataset by name: `report["self_bleu"].value`, `.interval`, `.reason`, `.detail`."""

    def __init__(self, found: Evaluation) -> None:
        self._found = found

    def __getitem__(self, name: str) -> Measure:
        if name not in self._found.measures:
            raise KeyError(f"{name} was not measured; there are {', '.join(self._found.measures)}")
        return self._found.measures[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found.measures)

    def __len__(self) -> int:
        return len(self._found.measures)

    def __repr__(self) -> str:
        values = [f"{name} {measure.value:.4g}" for name, measure in self.items() if measure.value is not None]
        return f"Report({', '.join(values)})"

    @property
    def reference(self) -> Mapping[str, Measure]:
        """The measures of the reference, on a sample of equal size; empty without one."""
        return self._found.reference_measures

    @property
    def notes(self) -> list[str]:
        """What was noticed while rows were read, such as columns that had to be guessed."""
        sides = (self._found.views, self._found.reference)
        return [in_python(note) for side in sides if side is not None for note in side.loaded.notes]

    @property
    def readings(self) -> dict[str, str]:
        """What each value says, in words."""
        from datagen_cli.evaluation.reading import readings

        return readings(self._found)

    def to_dict(self) -> dict[str, Any]:
        """What `datagen eval --json` prints."""
        from datagen_cli.evaluation.document import document

        return document(self._found, [])

    def to_html(self) -> str:
        """The page that `datagen eval --html` writes."""
        from datagen_cli.report.evaluation import evaluation_page
        from datagen_cli.report.sheet import sheet_of

        return evaluation_page([sheet_of(self._found, self.to_dict())])


@python_words()
def evaluate(
    data: Run | AnyPath | Rows | pandas.DataFrame,
    *,
    reference: AnyPath | Rows | pandas.DataFrame | None = None,
    text: str | Sequence[str] = (),
    label: str | None = None,
    metrics: str | Sequence[str] | None = None,
    embedder: str | None = None,
) -> Report:
    """Measures a run, a file of any kind that `datagen eval` reads, or rows in memory (a table of pandas is one).

    The reference is the base of a run where none is given. `metrics` are names as of `datagen list metrics`, all
    without it; those that need what is not there are missing with the reason. Raises `DataError` and `UsageError`.
    """
    from datagen_cli.evaluation.embedding import open_for_eval
    from datagen_cli.evaluation.evaluate import choose
    from datagen_cli.evaluation.evaluate import evaluate as measure_all
    from datagen_cli.evaluation.in_memory import Held
    from datagen_cli.evaluation.load import Wanted, base_of, load_dataset, load_reference

    wanted = choose(metrics if metrics is None or isinstance(metrics, str) else ",".join(metrics))
    columns = Wanted((text,) if isinstance(text, str) else tuple(text), label)
    with tempfile.TemporaryDirectory() as folder, closing(open_for_eval(embedder, _say_nothing)) as opened:
        held = Held(folder)
        try:
            loaded = held.named(load_dataset(held.file(data.path if isinstance(data, Run) else data, "data"), columns))
            theirs = base_of(loaded.run, loaded.dataset) if loaded.run is not None and reference is None else None
            if reference is not None:
                theirs = held.named(load_reference(held.file(reference, "reference"), loaded.dataset, columns))
        except DatagenError as error:
            raise reworded(error, held.words) from error.__cause__
        return Report(measure_all(loaded, theirs, wanted, embedder=opened, given={}, say=_say_nothing))


@python_words()
def embed(texts: Sequence[str], embedder: str | None = None) -> NDArray[np.float32]:
    """Unit vectors `[texts, d]`, which the measures over vectors take; the embedder as `--embedder` names it."""
    from datagen_cli.metrics.called import texts_of
    from datagen_cli.text.embed import open_embedder, vector_cache

    with closing(open_embedder(embedder, vector_cache())) as opened:
        return opened.encode(texts_of(texts, "texts"))


def __getattr__(name: str) -> Any:
    """The measures that are functions of texts or vectors: `self_bleu(texts)`, `vendi(embed(texts))` and so on."""
    from datagen_cli.metrics.called import measure

    if (function := measure(name)) is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return function


def __dir__() -> list[str]:
    from datagen_cli.metrics.called import measures

    own = {name for name, found in globals().items() if getattr(found, "__module__", "") == __name__ and name[0] != "_"}
    return sorted(own | {*measures()})


@dataclass(frozen=True, slots=True)
class _Events:
    """An `Observer` that tells a function."""

    on_event: OnEvent | None

    def event(self, kind: str, **facts: Any) -> None:
        if self.on_event is not None:
            self.on_event(kind, facts)


@python_words()
def _open(recipe: Recipe | AnyPath, out: AnyPath | None, options: GenerateOptions) -> Session:
    """A session that is ready to run."""
    from datagen_cli.pipeline.connect import LOCAL, RunOptions, engine_at
    from datagen_cli.pipeline.whole_run import open_run

    for name in options.keys() - GenerateOptions.__annotations__.keys():
        other = "; load_recipe takes it" if name in ("model", "count", "seed", "set") else ""
        raise TypeError(f"generate() got an unexpected keyword argument {name!r}{other}")
    where = engine_at(options.get("engine", LOCAL), options.get("ray_address"))
    environ = _environ(options.get("environ"))
    found = recipe if isinstance(recipe, Recipe) else load_recipe(recipe, environ=environ)
    found = with_limits(found, {name: value for name, value in options.items() if name in LIMITS and value is not None})
    folder = Path(out) if out is not None else Path("runs") / found.options.name
    place = recipe_place(found).removeprefix("shipped:")
    run_options = RunOptions(
        environ=environ,
        allow_hosts=options.get("allow_hosts", ()),
        cache=options.get("cache", "run"),
        fresh=options.get("fresh", False),
        command=shlex.join(["datagen", "generate", place, "-o", str(folder), *_engine_words(options)]),
        unsafe_exec=options.get("unsafe_exec", False),
        where=where,
    )
    return open_run(found, folder, run_options, _Events(options.get("on_event")))


def _engine_words(options: GenerateOptions) -> list[str]:
    """What names the same engine on the command line."""
    words = ["--engine", options["engine"]] if "engine" in options else []
    return words + (["--ray-address", options["ray_address"]] if "ray_address" in options else [])


@python_words()
def _whole(session: Session) -> DatagenError | None:
    from datagen_cli.pipeline.whole_run import run_whole

    return run_whole(session)[1]


def _beside(session: Session) -> DatagenError | None:
    """The whole run in a thread of its own, because this one has an event loop under way."""
    with ThreadPoolExecutor(1, thread_name_prefix="datagen run") as threads:
        done = threads.submit(_whole, session)
        try:
            return done.result()
        except KeyboardInterrupt:
            session.interrupt()
            done.result()
            raise


@python_words()
def _checked(session: Session, error: DatagenError | None, *, check: bool) -> Run:
    if error is not None and check:
        raise error
    return Run(session.folder.path, error=error, manifest=session.manifest)


def _loop_runs() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _environ(environ: Mapping[str, str] | None) -> dict[str, str]:
    return dict(environ) if environ is not None else read_environment(os.environ, Path.cwd())


def _say_nothing(text: str) -> None:
    """Nobody is told."""
