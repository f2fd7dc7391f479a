"""The client whose spending the folder's journal keeps."""

from __future__ import annotations

from typing import Any

from datagen_cli.config.models import Limits
from datagen_cli.core.chat import Request, Usage
from datagen_cli.llm.budget import Budget, Reservation
from datagen_cli.llm.channel import Channel
from datagen_cli.llm.client import Client
from datagen_cli.llm.provider import Payload, RawReply
from datagen_cli.llm.usage import Tally, Totals
from datagen_cli.runs.ledger import CALL, Caller, Journal


class JournalledBudget(Budget):
    """The caps of a folder; what is reserved and settled goes to the journal."""

    def __init__(self, journal: Journal, max_cost: float | None, max_tokens: int | None, spent: Usage) -> None:
        super().__init__(max_cost, max_tokens, spent)
        self._journal = journal

    async def reserve(self, reservation: Reservation) -> None:
        """See `Budget.reserve`; returns once the reservation is written."""
        await super().reserve(reservation)
        try:
            self._journal.reserved(CALL.get(), reservation)
        except BaseException:
            super().settle(reservation, 0, 0.0)
            raise

    def settle(self, reservation: Reservation, tokens: int, cost_usd: float | None) -> None:
        """See `Budget.settle`."""
        self._journal.settled(reservation, tokens)
        super().settle(reservation, tokens, cost_usd)


class JournalledTally(Tally):
    """A tally that writes down what it adds."""

    __slots__ = ("_journal", "_lost_before", "_place")

    def __init__(self, journal: Journal, role: str, purpose: str) -> None:
        super().__init__()
        self._journal, self._place, self._lost_before = journal, (role, purpose), 0

    def add(self, usage: Usage) -> None:
        """See `Tally.add`."""
        self._journal.used(*self._place, usage, lost=self.lost > self._lost_before)
        self._lost_before = self.lost
        super().add(usage)


class JournalledTotals(Totals):
    """Totals whose tallies write down what they add."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self._journal = journal

    def tally(self, role: str, purpose: str) -> Tally:
        """See `Totals.tally`."""
        found = self.by.get((role, purpose))
        if found is None:
            found = self.by[role, purpose] = JournalledTally(self._journal, role, purpose)
        return found


class PayingClient(Client):
    """The client of a run: what it spends is in the folder's journal before anything else happens."""

    def __init__(self, *arguments: Any, journal: Journal, spent: Usage, limits: Limits, **options: Any) -> None:
        budget = JournalledBudget(journal, limits.max_cost, limits.max_total_tokens, spent)
        totals = JournalledTotals(journal)
        super().__init__(*arguments, spent=spent, limits=limits, budget=budget, totals=totals, **options)

    async def _send(self, request: Request, channel: Channel, payload: Payload, digest: str) -> RawReply:
        CALL.set(Caller(request.role, request.draw.purpose, channel.rate is not None, channel.batched))
        return await super()._send(request, channel, payload, digest)
