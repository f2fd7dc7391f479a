"""What stages and validators need from the outside, as protocols: they never import a provider or the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from datagen_cli.core.chat import End, Prompt, Reply, Usage
from datagen_cli.core.record import Record, Slot, Verdict

T = TypeVar("T")


class Context(Protocol):
    """The surroundings of one unit of work: one attempt at one slot (or at the slots of one batched call)."""

    @property
    def slot(self) -> int:
        """Index of the unit's first slot."""

    @property
    def attempt(self) -> int:
        """Which attempt this is, from 1."""

    @property
    def unsafe_exec(self) -> bool:
        """Whether the user allowed programs to run where this machine cannot confine them (`--unsafe-exec`)."""

    async def ask(
        self,
        role: str,
        prompt: Prompt | None,
        *,
        purpose: str,
        k: int = 0,
        response_format: Mapping[str, Any] | None = None,
        more_tokens: int = 1,
        end: End | None = None,
        several: bool = False,
        group: Mapping[str, Any] | None = None,
    ) -> Reply:
        """The role's model answers; the call is counted to this unit. The same question is not asked twice.

        `more_tokens` multiplies the model's `max_tokens`; `end` says where any fitting answer has ended, see
        `core.chat.End`; `several` says that this is one of several independent
        draws `k`, which raises the default temperature of solver and coder. `group` takes the place of the prompt: see
        `core.chat.Request`.

        Raises `CallRefused` (this request is refused for good) and `CallPending` (no reply before the deadline);
        both pass through stages untouched.
        """

    def note(self, text: str) -> None:
        """Tells the user something that is worth knowing of the whole run; said once."""

    async def run_blocking(self, function: Callable[..., T], *args: Any, anywhere: bool = False) -> T:
        """Runs a function that computes or waits, beside the event loop. `anywhere`: it needs nothing of this process,
        so that an engine of several machines may run it on any of them, and again where one is lost."""


class Workers(Protocol):
    """Objects of one kind that do blocking work: one in a thread of this process, or several where an engine holds
    them. They hold nothing that a lost one could take with it."""

    @property
    def size(self) -> int:
        """How many calls are worked on side by side."""

    async def call(self, method: str, *args: Any, stop: Callable[[], bool]) -> Any:
        """What the method of one of them returns or raises, given `args` and `stop`, which it may ask whether it is to
        end before its time. Another one does the work again where its machine is lost."""

    def close(self) -> None:
        """Takes no more work; waits for none."""


MakeWorkers = Callable[[Callable[[], Any]], Workers]
"""Makes workers of what the function makes; it must be picklable."""


class Ledger(Protocol):
    """Keeps what calls cost, also when the process is killed."""

    def reserve(self, role: str, purpose: str, most: Usage, *, waits: bool) -> int:
        """Books a call before it is sent. `most` counts if its use never becomes known: the most that it can use, or
        nothing where its loss is no spending (a cost of None is unknown). Returns its entry's number.

        `waits` says that the call outlives this process: a batch is paid for when it is fetched. Raises `UsageError`
        when the entry cannot be written: the call must not be sent then.
        """

    def settle(self, entry: int, used: Usage, *, lost: bool) -> None:
        """Books what the call of an entry used; `lost` says that no answer came of it. Never raises."""


class Validator(Protocol):
    """A check that may ask a model. Built with its options; `verify` never raises for a bad record."""

    async def verify(self, record: Record, slot: Slot, ctx: Context) -> Verdict:
        """The verdict on one record."""


class Observer(Protocol):
    """Told what happens in a run, for progress; must be cheap and never raise."""

    def event(self, kind: str, **facts: Any) -> None:
        """`accepted`, `rejected`, `call`, `retry`, `note` (text=...) and the like."""


class Unobserved:
    """An `Observer` that tells nobody."""

    def event(self, kind: str, **facts: Any) -> None:
        """See `Observer`."""
