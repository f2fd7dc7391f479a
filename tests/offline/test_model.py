"""The offline model as a provider: a pure function of the request, its faults, repairs and the other purposes."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from datagen_cli.config.models import Faults, ModelOptions
from datagen_cli.core.chat import Draw, Message
from datagen_cli.offline.corpus import corpus
from datagen_cli.offline.model import FAULTS, Offline, rates_of
from datagen_cli.offline.problems.reading import read
from datagen_cli.prompts.parse import parse_reply
from tests.offline.asking import QUESTION, only, problems, rule, tickets

BASE = [
    {
        "question": f"Ann has {n} red marbles and buys {n + 2} more at the shop. How many marbles does Ann have?",
        "answer": 2 * n + 2,
    }
    for n in range(3, 40)
]


async def test_the_same_request_has_the_same_reply() -> None:
    first, second = problems(faults=None), problems(faults=None)
    for index in range(30):
        assert await first.reply(index) == await second.reply(index)
    assert first.plants == second.plants


async def test_seed_draw_and_prompt_change_the_reply() -> None:
    asker = problems()
    plain = await asker.reply(0)
    assert (await asker.reply(0, seed=2)).text != plain.text
    assert (await asker.reply(0, attempt=2)).text != plain.text
    payload = asker.payload(asker.prompt(0, avoid=["something else"]))
    assert (await asker.model.complete(payload, Draw(0, 1, "generate"), timeout_s=1.0)).text != plain.text


def test_another_process_answers_alike_whatever_its_hash_seed() -> None:
    script = (
        "import asyncio, hashlib\n"
        "from tests.offline.asking import problems, tickets\n"
        "async def main():\n"
        "    askers = (problems(faults=None), tickets(faults=None))\n"
        "    texts = [(await asker.reply(i)).text for asker in askers for i in range(40)]\n"
        "    print(hashlib.sha256('|'.join(texts).encode()).hexdigest())\n"
        "asyncio.run(main())\n"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


async def test_a_reply_says_its_model_and_counts_tokens() -> None:
    reply = await problems().reply(0)
    assert (reply.model, reply.finish_reason) == ("offline", "stop")
    assert reply.tokens_in is not None and reply.tokens_out is not None
    assert 100 < reply.tokens_in < 600
    assert reply.tokens_out == pytest.approx(len(reply.text) / 4, abs=2)


async def test_closing_twice_is_fine() -> None:
    model = problems().model
    await model.close()
    await model.close()


def test_rates_are_the_defaults_unless_said_otherwise() -> None:
    assert rates_of(None)["wrong_label"] == 0.2
    assert set(rates_of("none").values()) == {0.0}
    assert rates_of(Faults(duplicate=0.5))["duplicate"] == 0.5
    assert tuple(rates_of(None)) == FAULTS


async def test_without_faults_nothing_is_planted() -> None:
    asker = tickets()
    await asker.whole(100)
    assert asker.plants == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault", ["wrong_label", "malformed", "duplicate", "unsolvable", "contradicted", "injected", "refusal", "truncated"]
)
@pytest.mark.parametrize("rate", [0.1, 0.5])
async def test_each_fault_comes_at_its_rate(fault: str, rate: float) -> None:
    asker = problems(faults=only(**{fault: rate}))
    count = 600
    await asker.records(count)
    assert {plant["fault"] for plant in asker.plants} == {fault}
    spread = 4 * (count * rate * (1 - rate)) ** 0.5
    assert abs(len(asker.plants) - count * rate) <= spread


async def test_faults_that_need_a_base_or_a_constraint_come_at_their_rate() -> None:
    rules = [rule("length", QUESTION, field="question", min_words=12, max_words=80)]
    asker = problems(faults=only(near_copy=0.3, off_constraint=0.3), examples=BASE, constraints=rules)
    await asker.records(500)
    found = [plant["fault"] for plant in asker.plants]
    assert abs(found.count("near_copy") - 150) < 45
    assert abs(found.count("off_constraint") - 500 * 0.3 * 0.7) < 45  # a near copy has no fault besides


async def test_a_plant_is_reported_once_with_its_place() -> None:
    asker = problems(faults=only(wrong_label=1.0))
    await asker.reply(7, attempt=3)
    (plant,) = asker.plants
    assert plant["field"] == "answer" and isinstance(plant["truth"], int | float)
    assert {key: plant[key] for key in ("slot", "attempt", "purpose", "k", "record", "fault")} == {
        "slot": 7,
        "attempt": 3,
        "purpose": "generate",
        "k": 0,
        "record": 0,
        "fault": "wrong_label",
    }
    assert json.loads(json.dumps(plant)) == plant


async def test_with_several_records_a_call_each_draws_its_own_faults() -> None:
    asker = problems(faults=only(wrong_label=0.5))
    await asker.whole(200, per_call=10)
    places = {(plant["slot"], plant["record"]) for plant in asker.plants}
    assert len(places) == len(asker.plants)
    assert {record for _, record in places} == set(range(10))
    assert 70 <= len(places) <= 130


async def test_a_wrong_number_is_wrong_and_the_plant_knows_the_right_one() -> None:
    asker = problems(faults=only(wrong_label=1.0))
    for record, plant in zip(await asker.whole(200), asker.plants, strict=True):
        program = read(record["question"])
        assert program is not None and program.answer == plant["truth"] != record["answer"]


async def test_a_wrong_class_keeps_the_planned_label_but_is_about_another() -> None:
    asker = tickets(faults=only(wrong_label=1.0))
    records = await asker.whole(90)
    assert [record["category"] for record in records] == [asker.slot(at).label for at in range(90)]
    assert all(plant["truth"] != record["category"] for plant, record in zip(asker.plants, records, strict=True))


async def test_an_unsolvable_problem_lacks_a_number() -> None:
    asker = problems(faults=only(unsolvable=1.0))
    for record in await asker.whole(200):
        program = read(record["question"])
        assert program is not None and program.answer is None


async def test_a_duplicate_repeats_an_example_or_a_stock_record_up_to_case_and_space() -> None:
    asker = problems(faults=only(duplicate=1.0), examples=BASE)
    folded = [" ".join(record["question"].lower().split()) for record in await asker.whole(200)]
    known = {row["question"].lower() for row in BASE}  # type: ignore[attr-defined]
    assert 0.4 < sum(text in known for text in folded) / 200 < 0.8
    assert len(set(folded) - known) <= 5
    assert {plant["truth"] for plant in asker.plants} == {"example", "stock"}


async def test_a_near_copy_differs_from_an_example_in_a_word_or_two() -> None:
    asker = problems(faults=only(near_copy=1.0), examples=BASE)
    for record, plant in zip(await asker.whole(50), asker.plants, strict=True):
        pairs = list(zip(record["question"].split(), plant["truth"].split(), strict=True))
        assert 1 <= sum(new != old for new, old in pairs) <= 2


async def test_malformed_replies_are_of_many_kinds() -> None:
    asker = problems(faults=only(malformed=1.0))
    records = await asker.records(200)
    kinds = {plant["truth"] for plant in asker.plants}
    assert kinds == {"missing_field", "wrong_type", "lost_record", "cut", "quote", "prose", "comma"}
    assert records.count(None) > 60
    for record, plant in zip(records, asker.plants, strict=True):
        assert record is None or plant["truth"] in {"cut", "quote", "comma"}, "a value of another type is no record"


async def test_a_malformed_record_takes_none_of_its_neighbors() -> None:
    asker = problems(faults=only(malformed=0.3))
    for index in range(0, 100, 5):
        reply = await asker.reply(index, per_call=5)
        parsed = parse_reply(reply.text, reply.finish_reason, asker.specs, 5)
        broken = sum(plant["slot"] == index for plant in asker.plants)
        assert len(parsed.whole) >= 5 - broken


async def test_a_cut_off_reply_is_whole_when_asked_with_twice_the_tokens() -> None:
    asker = problems(faults=only(truncated=1.0), max_tokens=500)
    for index in range(20):
        short = await asker.reply(index)
        long = await asker.reply(index, max_tokens=1000)
        assert (short.finish_reason, long.finish_reason) == ("length", "stop")
        assert long.text.startswith(short.text) and len(long.text) > len(short.text)


async def test_a_cut_off_reply_is_whole_at_twice_any_length_while_the_rate_is_below_a_half() -> None:
    asker = problems(faults=only(truncated=0.4))
    for index in range(150):
        for most in (777, 4096):
            if (await asker.reply(index, max_tokens=most)).finish_reason == "length":
                assert (await asker.reply(index, max_tokens=2 * most)).finish_reason == "stop"


async def test_a_reply_longer_than_its_limit_ends_there() -> None:
    reply = await problems().reply(0, max_tokens=10)
    assert reply.finish_reason == "length"
    assert reply.tokens_out == 10


async def test_refusals_read_as_refusals() -> None:
    asker = problems(faults=only(refusal=1.0))
    for index in range(20):
        reply = await asker.reply(index)
        assert parse_reply(reply.text, reply.finish_reason, asker.specs, 1).refused


async def test_planted_orders_and_false_facts_stand_in_the_text() -> None:
    asker = tickets(faults=only(injected=0.5, contradicted=0.5))
    records = await asker.whole(60)
    for plant in asker.plants:
        text = records[plant["slot"]]["text"]
        if plant["fault"] == "contradicted":
            country = plant["truth"].split(" is ")[0]
            assert country in text and plant["truth"] not in text
        else:
            assert any(order in text for order in corpus("sentences")["order"]["say"])


async def test_repair_fixes_the_length_and_keeps_the_rest() -> None:
    rules = [rule("length", field="text", min_words=12, max_words=20)]
    asker = tickets(constraints=rules)
    record = {"text": "The invoice is wrong.", "category": "billing"}
    reply = await asker.repaired(record, ["text: at least 12 words; it has 4"])
    (mended,) = parse_reply(reply.text, reply.finish_reason, asker.composer.asked, 1).whole
    assert mended["text"].startswith("The invoice is wrong.")
    assert 12 <= len(mended["text"].split()) <= 20
    assert list(mended) == ["text"]


async def test_a_repaired_word_problem_still_has_its_answer() -> None:
    asker = problems(constraints=[rule("length", QUESTION, field="question", min_words=30, max_words=45)])
    for index in range(30):
        (record,) = parse_reply((await asker.reply(index)).text, "stop", asker.specs, 1).whole
        failures = ["question: at most 45 words; it has 60"]
        padded = {**record, "question": "Nobody is in a hurry today, as everyone knows well. " * 4 + record["question"]}
        reply = await asker.repaired(padded, failures, index)
        (mended,) = parse_reply(reply.text, reply.finish_reason, asker.specs, 1).whole
        program = read(mended["question"])
        assert program is not None and program.answer == mended["answer"]
        assert 30 <= len(mended["question"].split()) <= 45


async def test_a_repair_breaks_constraints_at_its_own_rate() -> None:
    asker = tickets(
        faults=only(off_constraint=0.5), constraints=[rule("length", field="text", min_words=12, max_words=90)]
    )
    for index in range(100):
        await asker.repaired(
            {"text": "Too short.", "category": "billing"}, ["text: at least 12 words; it has 2"], index
        )
    found = [plant for plant in asker.plants if plant["purpose"] == "repair"]
    assert 30 <= len(found) <= 70 and {plant["fault"] for plant in found} == {"off_constraint"}


async def test_the_wording_of_a_prompt_changes_nothing() -> None:
    asker = problems(faults=None)
    for index in range(20):
        prompt = asker.prompt(index)
        other = replace(prompt, messages=(Message("user", "Please."),))
        texts = [
            (await asker.model.complete(asker.payload(one), Draw(index, 1, "generate"), timeout_s=1.0)).text
            for one in (prompt, other)
        ]
        assert texts[0] == texts[1]


async def test_only_the_fields_that_are_asked_for_come_and_one_text_can_come_alone() -> None:
    asker = tickets()
    task = replace(asker.prompt(0).task, fields=("text",))
    records = json.loads((await asker.asked(task)).text)["records"]
    assert [list(record) for record in records] == [["text"]]
    assert (await asker.asked(replace(task, form="text"))).text == records[0]["text"]


async def test_a_plain_client_needs_no_more_than_messages() -> None:
    model = Offline(ModelOptions(name="offline"), lambda plant: None)
    reply = await model.complete({"messages": []}, Draw(0, 1, "generate"), timeout_s=1.0)
    assert reply.model == "offline"
