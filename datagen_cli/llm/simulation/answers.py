"""Replies to everything but `generate` and `repair`: programs, answers, verdicts, values, claims, judgements.

Each reads its own fences: `<question>`, `<choices>`, `<record>`, `<attribute>`, `<claim>`, `<passages>`.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping
from typing import Any

from datagen_cli.llm.simulation import problems, programs
from datagen_cli.llm.simulation.facts import CAPITALS
from datagen_cli.llm.simulation.judging import choice_of, faults_of, guess_class
from datagen_cli.llm.simulation.prompt import Asked
from datagen_cli.llm.simulation.quiz import answer_of
from datagen_cli.llm.simulation.records import ORDERS
from datagen_cli.llm.simulation.registers import content_words
from datagen_cli.llm.simulation.replies import Plant, Written
from datagen_cli.llm.simulation.slots import Slots, pick
from datagen_cli.llm.simulation.stories import all_scenes
from datagen_cli.llm.simulation.tasks import task_of

Rates = Mapping[str, float]
SETTINGS = (
    "a village market",
    "the school hall",
    "a train station",
    "a small bakery",
    "the city library",
    "a sports club",
    "a farm",
    "a campsite",
    "the harbor",
    "a hospital",
    "an office",
    "a music school",
    "a mountain hut",
    "a museum",
    "the zoo",
    "a garden center",
    "a workshop",
    "a street fair",
    "a ferry",
    "a swimming pool",
    "a community kitchen",
    "a bookshop",
    "the airport",
    "a theater",
    "a flower shop",
)


def answer(purpose: str, asked: Asked, rng: random.Random, rates: Rates) -> Written:
    """The reply to a request of that purpose; a plain sentence for one that is not known."""
    writer = _WRITERS.get(purpose)
    if writer is None:
        return Written("I have read the request and have nothing to add to it.")
    written = writer(rng, asked, rates)
    if rng.random() < rates["malformed"] and written.text:
        written.text = written.text[: max(1, len(written.text) * 2 // 3)]
        written.plants = [Plant("malformed", truth="cut")]
    return written


def _fenced(asked: Asked, name: str) -> list[Any]:
    return asked.fenced(name)


def _question(asked: Asked) -> str:
    found = _fenced(asked, "question")
    one = found[-1] if found else ""
    return one if isinstance(one, str) else str(one.get("question", "")) if isinstance(one, dict) else str(one)


def _code(rng: random.Random, asked: Asked, rates: Rates) -> Written:
    wrong = rng.random() < rates["wrong_program"]
    program = programs.program_for(rng, _question(asked))
    plants = [Plant("wrong_program", truth=program)] if wrong else []
    return Written(f"```python\n{programs.spoiled(rng, program) if wrong else program}\n```", plants=plants)


def _solve(rng: random.Random, asked: Asked, rates: Rates) -> Written:
    question, choices = _question(asked), _fenced(asked, "choices")
    if len(choices) == 1 and isinstance(choices[0], list):
        choices = choices[0]
    labels = _fenced(asked, "labels")
    if choices:
        found: Any = choices[choice_of(rng, question, [str(choice) for choice in choices])]
    elif labels:
        found = guess_class(
            rng, asked, question, [line["value"] if isinstance(line, dict) else line for line in labels]
        )
    else:
        found = answer_of(question)
    return Written(json.dumps({"answer": found}, ensure_ascii=False))


def _review(rng: random.Random, asked: Asked, rates: Rates) -> Written:
    found = _fenced(asked, "record")
    record = found[-1] if found and isinstance(found[-1], dict) else {}
    reasons, mended = faults_of(asked, task_of(asked.frame, [record]), record)
    verdict = "bad" if reasons else "good"
    plants = []
    if rng.random() < rates["wrong_verdict"]:
        plants.append(Plant("wrong_verdict", truth=verdict))
        verdict, reasons, mended = ("good", [], {}) if reasons else ("bad", ["it reads a little stiff"], {})
    rewrite = {**record, **mended} if mended else None
    return Written(
        json.dumps({"verdict": verdict, "reasons": reasons, "rewrite": rewrite}, ensure_ascii=False), plants=plants
    )


def _ask(rng: random.Random, asked: Asked, rates: Rates) -> Written:
    """A statement about a record: counted where it is about questions, else taken to hold of a faultless record."""
    found = _fenced(asked, "record")
    record = found[-1] if found and isinstance(found[-1], dict) else {}
    statement = str((_fenced(asked, "statement") or [""])[-1]).lower()
    texts = " ".join(value for value in record.values() if isinstance(value, str))
    holds = texts.count("?") == 1 if "one question" in statement else not any(order in texts for order in ORDERS)
    verdict, plants = ("yes" if holds else "no"), []
    if rng.random() < rates["wrong_verdict"]:
        plants.append(Plant("wrong_verdict", truth=verdict))
        verdict = "no" if holds else "yes"
    reason = "it holds as far as I can see" if verdict == "yes" else "the record says otherwise"
    return Written(json.dumps({"verdict": verdict, "reason": reason}), plants=plants)


def _extract(rng: random.Random, asked: Asked, rates: Rates) -> Written:
    lines = _fenced(asked, "attribute")
    line = lines[-1] if lines else ""
    about = line if isinstance(line, dict) else {"name": str(line)}
    found = re.search(r"\b(\d+)\b (?:different |distinct |new )?values", asked.text + asked.last)
    count = int(about.get("count") or (found[1] if found else 10))
    name = str(about.get("name", "")).lower()
    texts = " ".join(value for row in asked.examples for value in row.values() if isinstance(value, str))
    pool: list[str] = []
    if re.search(r"setting|place|location|where|scene", name):
        pool = list(SETTINGS)
    elif re.search(r"topic|subject|theme|domain", name):
        pool = sorted({topic for scene in all_scenes() for topic in scene.topics})
    rng.shuffle(pool)
    chosen = dict.fromkeys([*pool, *content_words(texts, 200)])
    while len(chosen) < count:
        chosen[Slots(rng).fill("{adjective} {thing} in {city}")] = None
    return Written(json.dumps({"values": list(chosen)[:count]}, ensure_ascii=False))


def _claims(rng: random.Random, asked: Asked, rates: Rates) -> Written:
    found = _fenced(asked, "record")
    record = found[-1] if found and isinstance(found[-1], dict) else {}
    claims = []
    for text in record.values():
        for sentence in re.split(r"(?<=[.!])\s+", text) if isinstance(text, str) else ():
            entities = re.findall(r"(?<!^)(?<![.!?] )\b[A-Z][a-z]+(?: [A-Z][a-z]+)*", sentence)
            if entities and not sentence.endswith("?"):
                claims.append({"claim": sentence, "entities": entities})
    return Written(json.dumps({"claims": claims[:5]}, ensure_ascii=False))


def _judge(rng: random.Random, asked: Asked, rates: Rates) -> Written:
    claims = _fenced(asked, "claim")
    claim = (
        str(claims[-1].get("claim", ""))
        if claims and isinstance(claims[-1], dict)
        else str(claims[-1])
        if claims
        else ""
    )
    passages = " ".join(str(passage) for passage in _fenced(asked, "passages")).lower()
    words = content_words(claim, 40)
    share = sum(word in passages for word in words) / len(words) if words else 0.0
    verdict, correction = ("supported" if share >= 0.8 else "not_found"), None
    for country, city in re.findall(r"capital of ([A-Z]\w+) is ([A-Z]\w+)", claim):
        known = CAPITALS.get(country)
        if known and known.lower() in passages and known != city:
            verdict, correction = "contradicted", claim.replace(city, known)
    plants = []
    if rng.random() < rates["wrong_verdict"]:
        plants.append(Plant("wrong_verdict", truth=verdict))
        verdict, correction = (
            pick(rng, [one for one in ("supported", "contradicted", "not_found") if one != verdict]),
            None,
        )
    return Written(json.dumps({"verdict": verdict, "correction": correction}, ensure_ascii=False), plants=plants)


def _enhance(rng: random.Random, asked: Asked, rates: Rates) -> Written:
    found = _fenced(asked, "record")
    record = dict(found[-1]) if found and isinstance(found[-1], dict) else {}
    task = task_of(asked.frame, [record])
    name = (
        task.name("question")
        or task.name("text")
        or next((key for key, value in record.items() if isinstance(value, str)), "")
    )
    if isinstance(record.get(name), str):
        record[name] = f"{problems.context(rng)} {record[name]}"
    return Written(json.dumps({"records": [record]}, ensure_ascii=False))


_WRITERS: dict[str, Callable[[random.Random, Asked, Rates], Written]] = {
    "code": _code,
    "solve": _solve,
    "review": _review,
    "ask": _ask,
    "extract": _extract,
    "claims": _claims,
    "judge": _judge,
    "enhance": _enhance,
}
