"""The offline model as reviewer and as repairer: what it objects to, what it mends, what it writes afresh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from datagen_cli.constraints.language import detect
from datagen_cli.core.fields import FieldSpec
from datagen_cli.offline.corpus import corpus
from datagen_cli.offline.quiz import answer_of, right_choice
from datagen_cli.prompts.parse import parse_reply
from datagen_cli.text.tokens import word_count
from tests.grids import mostly_slow
from tests.offline.asking import TICKET_SPECS, TICKETS, Asker, only, problems, rule, tickets

TRUTH = "Questions that many people answer wrongly."
CHOICE_SPECS = (
    FieldSpec("question", "text"),
    FieldSpec("choices", "list", item_type="text"),
    FieldSpec("answer", "label", values=tuple("ABCD")),
)
FOREIGN = "Der alte Zug fährt am Morgen langsam durch das stille Tal, und niemand im Dorf weiß davon."


def truth_specs(kind: str = "text") -> tuple[FieldSpec, ...]:
    item = "text" if kind == "list" else ""
    lists = [FieldSpec(name, kind, item_type=item) for name in ("correct_answers", "incorrect_answers")]
    return (FieldSpec("question", "text"), FieldSpec("best_answer", "text"), *lists)


async def reviewed(asker: Asker, record: Mapping[str, Any]) -> dict[str, Any]:
    return await asker.found("review", record=record)


async def mended(asker: Asker, record: Mapping[str, Any], failures: Sequence[str], index: int = 0) -> dict[str, Any]:
    reply = await asker.repaired(record, failures, index)
    (found,) = parse_reply(reply.text, reply.finish_reason, asker.composer.asked, 1).whole
    return asker.labelled(found, index)


@pytest.mark.parametrize("kind", mostly_slow(["text", "list"]))
async def test_a_best_answer_that_is_incorrect_is_objected_to_and_put_right(kind: str) -> None:
    asker = Asker(TRUTH, truth_specs(kind), faults=only(wrong_label=1.0))
    for record, plant in zip(await asker.whole(40), asker.plants, strict=True):
        found = await reviewed(Asker(TRUTH, truth_specs(kind)), record)
        assert found["verdict"] == "bad"
        assert any("best_answer" in reason for reason in found["reasons"])
        assert found["rewrite"] == {**record, "best_answer": plant["truth"]}
        assert (await reviewed(Asker(TRUTH, truth_specs(kind)), found["rewrite"]))["verdict"] == "good"


@pytest.mark.parametrize("kind", ["text", "list"])
async def test_right_answers_of_tempting_questions_are_good(kind: str) -> None:
    asker = Asker(TRUTH, truth_specs(kind))
    for record in await asker.whole(60):
        assert (await reviewed(asker, record))["verdict"] == "good"


@pytest.mark.parametrize("kind", ["text", "list"])
async def test_a_best_answer_that_is_missing_from_the_correct_ones_is_added(kind: str) -> None:
    right: Any = ["Nowhere, they live far apart", "They never meet"]
    wrong: Any = ["At the North Pole", "In Greenland"]
    record = {
        "question": "Where do wild penguins meet polar bears?",
        "best_answer": "Penguins and bears do not meet.",
        "correct_answers": right if kind == "list" else "; ".join(right),
        "incorrect_answers": wrong if kind == "list" else "; ".join(wrong),
    }
    asker = Asker(TRUTH, truth_specs(kind))
    found = await reviewed(asker, record)
    assert found["verdict"] == "bad"
    more = [record["best_answer"], *right]
    assert found["rewrite"] == {**record, "correct_answers": more if kind == "list" else "; ".join(more)}
    assert (await reviewed(asker, found["rewrite"]))["verdict"] == "good"


async def test_a_best_answer_that_is_incorrect_and_has_no_other_is_objected_to_without_a_rewrite() -> None:
    record = {
        "question": "Who lives there?",
        "best_answer": "Bears",
        "correct_answers": "",
        "incorrect_answers": "Bears",
    }
    found = await reviewed(Asker(TRUTH, truth_specs()), record)
    assert (found["verdict"], found["rewrite"]) == ("bad", None)


async def test_a_repaired_choice_question_can_still_be_answered() -> None:
    rules = [rule("length", *CHOICE_SPECS, field="question", min_words=4, max_words=60)]
    asker = Asker("Multiple choice questions", CHOICE_SPECS, label="answer", constraints=rules)
    padding = "The weather in Oslo is pleasant and nobody there is in a hurry today. " * 4
    kept = 0
    for index, record in enumerate(await asker.whole(80)):
        over_long = {**record, "question": padding + record["question"]}
        found = await mended(asker, over_long, ["question: at most 60 words; it has 90"], index)
        assert found["answer"] == record["answer"]
        assert right_choice(found["question"], found["choices"]) == "ABCD".index(found["answer"]), found
        assert word_count(found["question"]) <= 60
        kept += found["choices"] == record["choices"]
    assert kept > 20


async def test_a_repaired_beginning_still_has_its_ending() -> None:
    specs = (
        FieldSpec("ctx", "text"),
        FieldSpec("endings", "list", item_type="text"),
        FieldSpec("label", "label", values=(0, 1, 2, 3)),
    )
    rules = [rule("length", *specs, field="ctx", max_words=45)]
    asker = Asker("Choose the ending", specs, label="label", constraints=rules)
    for index, record in enumerate(await asker.whole(40)):
        over_long = {**record, "ctx": "Nobody is in a hurry. " * 12 + record["ctx"]}
        found = await mended(asker, over_long, ["ctx: at most 45 words; it has 80"], index)
        assert right_choice(found["ctx"], found["endings"]) == found["label"] == record["label"]


async def test_a_repaired_tempting_question_still_has_its_answer() -> None:
    asker = Asker(TRUTH, truth_specs(), constraints=[rule("length", *truth_specs(), field="question", max_words=50)])
    for index, record in enumerate(await asker.whole(40)):
        over_long = {**record, "question": "Nobody is in a hurry. " * 12 + record["question"]}
        found = await mended(asker, over_long, ["question: at most 50 words; it has 70"], index)
        assert (await reviewed(asker, found))["verdict"] == "good"
        best = found["best_answer"]
        assert answer_of(found["question"]) == best, found


@pytest.mark.parametrize("where", ["text", None])
async def test_a_text_in_another_language_is_written_again_in_english_under_its_label(where: str | None) -> None:
    constraint = rule("language", **{"is": "en", **({"field": where} if where else {})})
    asker = tickets(constraints=[constraint, rule("length", field="text", min_words=30, max_words=60)])
    for index in range(20):
        record = {"text": FOREIGN, "category": asker.slot(index).label}
        failures = [constraint.check(record).detail, "text: at least 30 words; it has 17"]
        assert failures[0] == "text: in English; it seems to be de"
        found = await mended(asker, record, failures, index)
        assert constraint.check(found).outcome == "pass", found
        assert "Zug" not in found["text"] and 30 <= len(found["text"].split()) <= 62
        assert found["category"] == record["category"]


@pytest.mark.parametrize("code", ["en", "de"])
async def test_a_text_that_is_in_another_language_on_purpose_is_seen_to_be(code: str) -> None:
    constraint = rule("language", **{"is": code, "field": "text"})
    asker = tickets(faults=only(off_constraint=1.0), constraints=[constraint])
    found = await asker.whole(60)
    assert [constraint.check(record).outcome for record in found] == ["fail"] * 60
    assert {(plant["field"], plant["truth"]) for plant in asker.plants} == {("text", "language")}
    assert len({detect(record["text"])[0] for record in found}) == (3 if code == "en" else 2)


async def test_a_side_field_in_another_language_is_written_again_alone() -> None:
    specs = (*TICKET_SPECS, FieldSpec("note", "text"))
    rules = [
        rule("language", *specs, **{"is": "en", "field": "note"}),
        rule("length", *specs, field="note", min_words=14),
    ]
    asker = Asker(TICKETS, specs, label="category", constraints=rules)
    text = "The invoice for March is wrong and nobody answers me."
    record = {
        "text": text,
        "category": "billing",
        "note": "La vieille horloge de la gare ne sonne plus depuis longtemps.",
    }
    found = await mended(asker, record, ["note: in English; it seems to be fr", "note: at least 14 words; it has 11"])
    assert (found["text"], found["category"]) == (text, "billing")
    assert detect(found["note"])[0] == "en" and len(found["note"].split()) >= 14 and "gare" not in found["note"]


async def asked(asker: Asker, record: Mapping[str, Any], statement: str, k: int = 0) -> dict[str, Any]:
    return await asker.found("ask", k, record=record, statement=statement)


@pytest.mark.parametrize(("text", "verdict"), [("Who? Why?", "no"), ("Who is it?", "yes"), ("Nobody.", "no")])
async def test_a_statement_about_one_question_is_counted(text: str, verdict: str) -> None:
    found = await asked(problems(), {"question": text, "answer": 3}, "The problem has exactly one question.")
    assert found["verdict"] == verdict
    assert found["reason"]


async def test_another_statement_holds_of_a_record_without_orders_in_it() -> None:
    for record in await tickets().whole(10):
        assert (await asked(tickets(), record, "The message is kind."))["verdict"] == "yes"
    for order in corpus("sentences")["order"]["say"]:
        record = {"text": f"My parcel is late. {order}", "category": "delivery"}
        assert (await asked(tickets(), record, "The message is kind."))["verdict"] == "no"


async def test_wrong_verdicts_on_statements_come_at_their_rate_with_the_truth() -> None:
    asker = tickets(faults=only(wrong_verdict=0.5))
    record = {"text": "My parcel is late.", "category": "delivery"}
    verdicts = [(await asked(asker, record, "The message is kind.", k))["verdict"] for k in range(80)]
    assert 25 <= verdicts.count("no") == len(asker.plants) <= 55
    assert {(plant["purpose"], plant["fault"], plant["truth"]) for plant in asker.plants} == {
        ("ask", "wrong_verdict", "yes")
    }


async def test_a_broken_reply_to_a_statement_is_no_json() -> None:
    asker = tickets(faults=only(malformed=1.0))
    with pytest.raises(ValueError):
        await asked(asker, {"text": "My parcel is late."}, "The message is kind.")
    assert [plant["fault"] for plant in asker.plants] == ["malformed"]


async def test_the_planned_place_of_the_right_ending_is_kept_beside_a_field_that_ends_in_label() -> None:
    specs = (
        FieldSpec("activity_label", "text"),
        FieldSpec("ctx", "text"),
        FieldSpec("endings", "list", item_type="text"),
        FieldSpec("label", "label", values=(0, 1, 2, 3)),
    )
    asker = Asker("Everyday scenes with four ways to go on.", specs, label="label")
    for index, record in enumerate(await asker.whole(60)):
        assert record["label"] == index % 4
        assert right_choice(record["ctx"], record["endings"]) == record["label"]
        assert record["activity_label"] not in record["endings"]
        assert (await reviewed(asker, record))["verdict"] == "good"


async def test_places_counted_from_one_are_not_objected_to() -> None:
    specs = (*CHOICE_SPECS[:2], FieldSpec("answer", "label", values=(1, 2, 3, 4)))
    asker = Asker("Multiple choice questions", specs, label="answer")
    wrong = Asker("Multiple choice questions", specs, label="answer", faults=only(wrong_label=1.0))
    for who, verdict in ((asker, "good"), (wrong, "bad")):
        for record in await who.whole(20):
            assert (await reviewed(asker, record))["verdict"] == verdict
