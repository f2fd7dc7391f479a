"""The ledger of a folder's spending: what it says after a death at any line."""

from __future__ import annotations

from pathlib import Path

import pytest

from datagen_cli.core.chat import Usage
from datagen_cli.core.errors import UsageError
from datagen_cli.llm.budget import Budget, Reservation
from datagen_cli.llm.channel import Spending
from datagen_cli.llm.usage import Tally
from datagen_cli.runs import ledger
from datagen_cli.runs.ledger import SpendingLedger, read_spending
from datagen_cli.runs.spending import cost_shares, total_of

CALLER = ("generator", "generate")


def opened(tmp_path: Path, known: dict[str, object] | None = None) -> SpendingLedger:
    made = SpendingLedger(tmp_path / "spending.jsonl", known or {})
    made.start()
    return made


def spend(
    made: SpendingLedger, most: Usage, used: Usage, caller: tuple[str, str] = CALLER, *,
    waits: bool = False, lost: bool = False,
) -> None:  # fmt: skip
    made.settle(made.reserve(*caller, most, waits=waits), used, lost=lost)


def total(tmp_path: Path) -> dict[str, object]:
    found = read_spending(tmp_path / "spending.jsonl")
    assert found is not None
    return total_of(found)


def test_a_process_that_dies_leaves_what_was_settled_and_the_most_of_what_was_not(tmp_path: Path) -> None:
    made = opened(tmp_path)
    spend(made, Usage(100, 50, 1.0), Usage(10, 5, 0.25))
    spend(made, Usage(100, 50, 1.0), Usage())
    spend(made, Usage(7, 3, 0.5), Usage(7, 3, 0.5), ("coder", "code"), lost=True)
    made.reserve(*CALLER, Usage(200, 60, 2.0))
    assert made.spent["generator"]["generate"]["tokens_in"] == 10
    found = read_spending(made.path)
    assert found is not None
    assert found["generator"]["generate"] == {
        "calls": 1, "cached_calls": 0, "lost": 1, "hedged": 0, "tokens_in": 210, "tokens_out": 65,
        "tokens_cached": 0, "cost_usd": 2.25,
    }  # fmt: skip
    assert (found["coder"]["code"]["lost"], found["coder"]["code"]["cost_usd"]) == (1, 0.5)
    again = opened(tmp_path)
    assert again.before == found
    assert read_spending(made.path) == found
    assert len(made.path.read_bytes().splitlines()) == 1


@pytest.mark.slow
def test_a_ledger_cut_anywhere_never_says_less_than_was_used(tmp_path: Path) -> None:
    made = opened(tmp_path, {"generator": {"generate": {"tokens_in": 1000, "cost_usd": 1.0}}})
    used = [0]
    ends = [made.path.stat().st_size]
    for number in range(6):
        spend(made, Usage(100, 100, 1.0), Usage(10 + number, 1, 0.1), lost=number == 3)
        used.append(used[-1] + 11 + number)
        ends.append(made.path.stat().st_size)
    content = made.path.read_bytes()
    for cut in range(ends[0], len(content) + 1):
        made.path.write_bytes(content[:cut])
        paid = max(tokens for tokens, end in zip(used, ends, strict=True) if end <= cut)
        counts = total(tmp_path)
        whole = counts["tokens_in"] + counts["tokens_out"] - 1000  # type: ignore[operator]
        assert paid <= whole <= paid + 200


def test_a_price_that_is_not_known_stays_unknown_across_a_death(tmp_path: Path) -> None:
    made = opened(tmp_path)
    made.reserve(*CALLER, Usage(10, 10, None))
    assert total(tmp_path)["cost_usd"] is None
    assert total(tmp_path)["tokens_out"] == 10


def test_a_batch_that_outlives_the_process_is_counted_when_it_is_fetched(tmp_path: Path) -> None:
    opened(tmp_path).reserve(*CALLER, Usage(100, 50, 1.0), waits=True)
    assert total(tmp_path)["cost_usd"] == 0
    spend(opened(tmp_path), Usage(100, 50, 1.0), Usage(10, 5, 0.25), waits=True)
    assert (total(tmp_path)["calls"], total(tmp_path)["cost_usd"]) == (1, 0.25)


def test_two_calls_that_may_cost_the_same_are_two(tmp_path: Path) -> None:
    made = opened(tmp_path)
    first, second = made.reserve(*CALLER, Usage(10, 10, 1.0)), made.reserve(*CALLER, Usage(10, 10, 1.0))
    assert total(tmp_path)["cost_usd"] == 2.0
    made.settle(second, Usage())
    assert total(tmp_path)["cost_usd"] == 1.0
    made.settle(first, Usage())
    assert total(tmp_path)["cost_usd"] == 0


def test_a_large_ledger_is_summed_up_while_the_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "LARGE_BYTES", 2000)
    made = opened(tmp_path)
    open_one = made.reserve(*CALLER, Usage(1, 1, 0.5))
    for _ in range(200):
        spend(made, Usage(100, 50, 1.0), Usage(10, 5, 0.25))
    assert made.path.stat().st_size < 2500
    assert total(tmp_path)["cost_usd"] == 50.5
    made.settle(open_one, Usage(1, 1, 0.25))
    assert total(tmp_path)["cost_usd"] == 50.25


def test_closing_keeps_what_the_run_counted_and_may_be_done_twice(tmp_path: Path) -> None:
    made = opened(tmp_path)
    made.close({"generator": {"generate": {"calls": 2, "cached_calls": 5, "tokens_in": 3, "cost_usd": 0.5}}})
    made.close()
    assert (total(tmp_path)["cached_calls"], total(tmp_path)["cost_usd"]) == (5, 0.5)


def spending(made: SpendingLedger, max_cost: float, tally: Tally | None = None) -> Spending:
    async def keep(_: object) -> None: ...

    return Spending(Budget(max_cost), made, CALLER, tally or Tally(), keep)


async def test_a_call_is_written_down_before_it_is_sent_and_when_it_is_over(tmp_path: Path) -> None:
    tally = Tally()
    run = spending(opened(tmp_path), 10.0, tally)
    first, second = Reservation(10, 10, 1.0), Reservation(20, 20, 2.0)
    entries = [
        await run.reserve(one, Usage(one.tokens_in, one.tokens_out, one.cost_usd), waits=False)
        for one in (first, second)
    ]
    assert total(tmp_path)["cost_usd"] == 3.0
    run.settle(first, entries[0], Usage(2, 1, 0.25), lost=False)
    assert total(tmp_path)["cost_usd"] == 2.25
    run.settle(second, entries[1], Usage(), lost=True)
    assert (total(tmp_path)["cost_usd"], total(tmp_path)["calls"]) == (0.25, 1)
    assert (tally.usage.tokens_in, tally.usage.cost_usd, tally.lost) == (2, 0.25, 1)


async def test_a_call_whose_reservation_cannot_be_written_is_not_sent_and_holds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = spending(opened(tmp_path), 1.0)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(ledger.os, "pwrite", full)  # type: ignore[attr-defined]
        with pytest.raises(UsageError, match="no space left"):
            await run.reserve(Reservation(1, 1, 1.0), Usage(1, 1, 1.0), waits=False)
    await run.reserve(Reservation(1, 1, 1.0), Usage(1, 1, 1.0), waits=False)


def test_cost_is_shared_out_by_stage_role_and_accepted_record() -> None:
    spent = {
        "generator": {"generate": {"cost_usd": 3.0}, "repair": {"cost_usd": 0.5}},
        "coder": {"code": {"cost_usd": 1.5}},
    }
    assert cost_shares(spent, 10) == {
        "by_stage": {"generate": 3.0, "validate": 2.0},
        "by_role": {"generator": 3.5, "coder": 1.5},
        "per_accepted": 0.5,
    }
    spent["coder"]["code"]["cost_usd"] = None  # type: ignore[assignment]
    assert cost_shares(spent, 10)["by_role"] == {"generator": 3.5, "coder": None}
    assert cost_shares(spent, 10)["per_accepted"] is None
    assert cost_shares({}, 0)["per_accepted"] is None


@pytest.mark.slow
def test_damage_anywhere_never_makes_the_folder_have_spent_less_than_was_known(tmp_path: Path) -> None:
    made = opened(tmp_path, {"generator": {"generate": {"calls": 7, "tokens_in": 1000, "cost_usd": 1.0}}})
    for _ in range(3):
        spend(made, Usage(100, 100, 1.0), Usage(10, 1, 0.1))
    known = made.spent
    content = made.path.read_bytes()
    for place in range(len(content)):
        for spoilt in (bytes([content[place] ^ 1]), b"\x00"):
            made.path.write_bytes(content[:place] + spoilt + content[place + 1 :])
            found, damaged = ledger.examine(made.path, known) or ({}, 0)
            counts = found["generator"]["generate"]
            assert damaged or place == len(content) - 1
            assert counts["tokens_in"] >= known["generator"]["generate"]["tokens_in"]
            assert counts["cost_usd"] >= 1.3 - 1e-9
    made.path.write_bytes(bytes(len(content)))
    assert SpendingLedger(made.path, known).spent == known


def test_lines_that_stand_twice_or_in_another_order_count_once(tmp_path: Path) -> None:
    made = opened(tmp_path)
    for _ in range(3):
        spend(made, Usage(100, 100, 1.0), Usage(10, 1, 0.1))
    right = total(tmp_path)
    lines = made.path.read_bytes().splitlines(keepends=True)
    made.path.write_bytes(b"".join([*lines[::-1], *lines]))
    assert total(tmp_path) == right


def test_a_settlement_counts_without_its_reservation(tmp_path: Path) -> None:
    made = opened(tmp_path)
    spend(made, Usage(100, 100, 1.0), Usage(10, 1, 0.1))
    lines = made.path.read_bytes().splitlines(keepends=True)
    made.path.write_bytes(lines[0] + b"\x00" * 20 + b"\n" + lines[2])
    assert (total(tmp_path)["tokens_in"], total(tmp_path)["cost_usd"]) == (10, 0.1)


@pytest.mark.parametrize(
    "line",
    ['{"spent":7}', '{"spent":{"a":1}}', '{"spent":{"a":{"b":{"calls":"x"}}}}', '{"spent":{"a":{"b":{"calls":null}}}}'],
)
@pytest.mark.parametrize("call", ["[]", "[1]", '[2,1,"a"]', '["1",2,3]', "[2,1,{},{},1,1,1,0,0]", "[1,1,1,1,1,1,1]"])
def test_a_ledger_of_wrong_types_is_damaged_and_no_error(line: str, call: str, tmp_path: Path) -> None:
    path = tmp_path / "spending.jsonl"
    path.write_text(f"{line}\n{call}\n")
    assert ledger.examine(path, {}) == ({}, 2)


def test_a_ledger_of_an_older_version_is_read(tmp_path: Path) -> None:
    path = tmp_path / "spending.jsonl"
    path.write_text(
        '{"spent":{"generator":{"generate":{"calls":1,"tokens_in":5,"cost_usd":0.5}}}}\n'
        '[1,1,"generator","generate",100,50,1.0]\n[1,2,"generator","generate",7,3,0.25]\n[2,1,10,5,0.25,0]\n'
    )
    found = total(tmp_path)
    assert (found["calls"], found["lost"], found["tokens_in"], found["cost_usd"]) == (2, 1, 22, 1.0)
    assert SpendingLedger(path, {}).damaged == 0
