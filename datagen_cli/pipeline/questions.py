"""Many questions to one model, outside of a run: each reply is kept in a folder, so that none is paid for twice.

For judges, solvers and students that answer. The folder has a call cache, a ledger and the lock of a run folder; asked
again, only what has no reply is sent. A question that is refused or not answered has a reason instead of a reply.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datagen_cli.config.load import load_recipe
from datagen_cli.config.models import Limits, Sampling, SharedModel
from datagen_cli.config.overrides import part_set
from datagen_cli.config.recipe import Recipe
from datagen_cli.core.chat import Draw, End, Prompt, Reply, Request
from datagen_cli.core.errors import CallPending, CallRefused, CapReached, DatagenError, GotNowhere, ProviderError
from datagen_cli.llm.cache import open_cache
from datagen_cli.llm.client import Client
from datagen_cli.pipeline.connect import all_of
from datagen_cli.pipeline.engines.local import LocalEngine
from datagen_cli.pipeline.trial import AskTrial, Useless, is_cut
from datagen_cli.runs.ledger import FILE, SpendingLedger
from datagen_cli.runs.lock import FolderLock
from datagen_cli.runs.spending import total_of, usage_of


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and its place among the draws: the same place and words have the same reply."""

    prompt: Prompt
    draw: Draw
    response_format: Mapping[str, Any] | None = None
    end: End | None = None


@dataclass(frozen=True)
class Desk:
    """Who is asked, in which role, where replies are kept, and what it may cost in all."""

    model: SharedModel
    role: str
    folder: Path
    environ: Mapping[str, str]
    allow_hosts: Collection[str] = ()
    limits: Limits = field(default_factory=Limits)
    seed: int = 0


@dataclass(slots=True)
class Answers:
    """A reply for every question, or why there is none. `stopped` is what ended it before the last question: a cap, or
    an endpoint that answers no more; `calls` were sent now."""

    replies: list[Reply | str]
    calls: int = 0
    stopped: DatagenError | None = None


def named_model(model: str | Mapping[str, Any], role: str, environ: Mapping[str, str]) -> SharedModel:
    """The model that a name, a file or a mapping stands for. Raises `RecipeError` for what is none."""
    named = [f"{role}={model}"] if isinstance(model, str) else []
    written = [] if isinstance(model, str) else [f"models.{role}={json.dumps(model, ensure_ascii=False)}"]
    recipe = load_recipe("quickstart", model=named, overrides=written, environ=environ, cwd=Path.cwd())
    return recipe.models[role][0]


def recipe_of(model: str, sets: Sequence[str], environ: Mapping[str, str]) -> Recipe:
    """A recipe whose model and limits are those of a name or a file and of `--set`. Raises `RecipeError`."""
    return load_recipe("quickstart", model=[model], overrides=sets, environ=environ, cwd=Path.cwd())


def limits_in(sets: Sequence[str], environ: Mapping[str, str]) -> Limits:
    """The limits among `--set`, and the defaults of all others. Raises `RecipeError` for what they cannot be."""
    own = [text for text in sets if part_set(text) == "limits"]
    return recipe_of("offline", own, environ).options.limits


def open_desk_client(desk: Desk, note: Callable[[str], None], **more: Any) -> Client:
    """The client of a desk. Raises `UsageError` and `ProviderError` before anything is sent."""
    return Client(
        {desk.role: (desk.model,)},
        seed=desk.seed,
        sampling=Sampling(),
        limits=desk.limits,
        observer=Noted(note),
        environ=desk.environ,
        allow_hosts=desk.allow_hosts,
        **{"cache": None, **more},
    )


class Noted:
    """An observer that passes on remarks, each once."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._said: set[str] = set()

    def event(self, kind: str, **facts: Any) -> None:
        if kind == "note" and (text := str(facts["text"])) not in self._said:
            self._said.add(text)
            self._note(text)


def ask_all(
    desk: Desk,
    questions: Sequence[Question],
    note: Callable[[str], None],
    step: Callable[[int], None] = lambda n: None,
    *,
    useless: Useless = is_cut,
) -> Answers:
    """Asks all questions, as many at once as the limits allow; `step` is told how many are done. The first ones go
    ahead until one of their replies is of use, as `useless` tells.

    Raises `ProviderError` where none of them is answered, and `GotNowhere` where the first replies are useless for one
    reason. Once some are of use, what ends it is no error: see `Answers.stopped`.
    """
    lock = FolderLock(desk.folder)
    lock.take()
    try:
        engine = LocalEngine()
        return engine.run(lambda: _ask_all(desk, questions, note, step, useless, engine))
    finally:
        lock.release()


async def _ask_all(
    desk: Desk,
    questions: Sequence[Question],
    note: Callable[[str], None],
    step: Callable[[int], None],
    useless: Useless,
    engine: LocalEngine,
) -> Answers:
    def broken(moved: Path, saved: int) -> None:
        note(f"the call cache was broken and is now {moved.name}; {saved:,} replies of it were saved")

    cache = open_cache("run", desk.folder, broken)
    ledger = SpendingLedger(desk.folder / FILE, {})
    ledger.start()
    answered_before = total_of(ledger.before)["calls"] > 0
    client = open_desk_client(
        desk,
        note,
        cache=cache,
        spent=usage_of(ledger.before),
        ledger=ledger,
        deferred=engine.deferred,
        answered_before=answered_before,
    )
    found = Answers(["not asked"] * len(questions))
    places = asyncio.Semaphore(desk.limits.concurrency)
    trial = AskTrial(len(questions), useless, desk.model.name)
    done = 0

    async def ask(number: int) -> None:
        nonlocal done
        await trial.turn(number)
        question = questions[number]
        request = Request(
            desk.role,
            question.prompt.messages,
            question.draw,
            question.response_format,
            end=question.end,
            task=question.prompt.task,
        )
        async with places:
            if found.stopped:
                trial.add(number, None)  # whoever waits for the trial's end goes on, and is not asked either
                return
            try:
                reply = await client.ask(request)
            except (CallRefused, CallPending) as error:
                found.replies[number] = str(error)
                trial.add(number, None)
            except CapReached as error:
                found.stopped = found.stopped or error
                trial.add(number, None)
            else:
                found.replies[number] = reply
                trial.add(number, reply)
        done += 1
        step(done)

    try:
        await all_of(client, (ask(number) for number in range(len(questions))))
    except GotNowhere:
        await client.forget(trial.forgotten)
        raise
    except ProviderError as error:
        if not _answered(found):
            raise
        found.stopped = error
    finally:
        found.calls = client.totals.all.calls
        await client.close()
        ledger.close()
        if cache is not None:
            cache.close()
    if questions and not (found.stopped or _answered(found) or answered_before):
        hint = "`datagen doctor` says whether the model can be reached, and what it refuses"
        raise ProviderError(f"no question was answered; the first: {found.replies[0]}", hint=hint)
    return found


def _answered(answers: Answers) -> bool:
    return any(isinstance(reply, Reply) for reply in answers.replies)
