"""The kinds of request that the simulated model answers: `ANSWERS` has a function for each, named as the task names it.

Each takes the task, a source of randomness and the rate of each fault, and writes the reply. What is wrong on purpose
is noted in it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from typing import Any

from datagen_cli.core.fields import FieldSpec, WrongType, coerce
from datagen_cli.core.task import Task, Wanted
from datagen_cli.offline.author import Author
from datagen_cli.offline.corpus import Slots, corpus, listed, lowered, pick, telling_words
from datagen_cli.offline.dataset import dataset_of
from datagen_cli.offline.judging import corrected, faults_of, orders_in, still_answered
from datagen_cli.offline.labelled import LETTERS, guess_value
from datagen_cli.offline.problems.arithmetic import plain, read_number
from datagen_cli.offline.problems.reading import program_for, read, spoiled
from datagen_cli.offline.problems.scenes import Wording, all_scenes
from datagen_cli.offline.quiz import answer_of, right_choice
from datagen_cli.offline.texts import filler
from datagen_cli.offline.written import Draft, Plant, Written, json_reply, records_reply

Rates = Mapping[str, float]
FAULTS = (
    "wrong_label", "malformed", "duplicate", "unsolvable", "off_constraint", "contradicted", "near_copy", "injected",
)  # fmt: skip
MOST_CLAIMS = 5
VERDICTS = ("supported", "contradicted", "not_found")
_NAMES = re.compile(r"(?<!^)(?<![.!?] )\b[A-Z][a-z]+(?: [A-Z][a-z]+)*")
_READ = "that is how I read the record"


def generate(task: Task, rng: random.Random, rates: Rates) -> Written:
    """New records, one for each that is wanted, each with faults drawn for itself.

    A record that repeats another (`duplicate`, else `near_copy`) has no fault of content besides. With weak records in
    `more`, as `weak`, each is written again for the same input; one that would repeat another comes back as it was.
    """
    author, asked, all_wanted = Author(task, rng), _asked_for(task), task.wanted or (Wanted(),)
    # a record for a given input repeats no other
    repeats = frozenset(() if task.about.given else ("duplicate", "near_copy"))
    drafts = []
    for wanted, weak in zip(all_wanted, task.more.get("weak") or [None] * len(all_wanted), strict=True):
        faults = frozenset(name for name in FAULTS if rng.random() < rates[name]) | ({"next_label"} & rates.keys())
        if weak is not None and "duplicate" in faults and all(spec.name in weak for spec in asked):
            draft = author.draft(wanted, weak)
            draft.plants.append(Plant("duplicate", asked[0].name, "weak"))
        else:
            draft = author.repeat(wanted, faults & repeats) or author.write(wanted, faults)
        text = next((spec.name for spec in asked if spec.type == "text" and not spec.code), "")
        if weak and text and not draft.plants and all(draft.fields[spec.name] == weak.get(spec.name) for spec in asked):
            draft.fields[text] = f"{draft.fields[text]} {author.pen(text).more()}"
        drafts.append((draft, "malformed" in faults))
    return records_reply(drafts, asked, task.form)


def repair(task: Task, rng: random.Random, rates: Rates) -> Written:
    """The record again, with what failed put right and the rest kept; it may be off again."""
    off, author, record = rng.random() < rates["off_constraint"], Author(task, rng), dict(task.record or {})
    planned = task.wanted[0] if task.wanted else Wanted()
    labelled = [spec for spec in author.data.specs if spec.type == "label" and record.get(spec.name) in spec.values]
    labels = {spec.name: record[spec.name] for spec in labelled}
    wanted = Wanted({**labels, **planned.given}, planned.attributes)
    draft = author.draft(wanted, _mended(author, wanted, record))
    if off:
        author.break_rule(draft)
    return _one_record(task, rates, draft)


def rewrite(task: Task, rng: random.Random, rates: Rates) -> Written:
    """A record with its faults mended and all else kept, in the form of the records of the dataset."""
    author, record = Author(task, rng), dict(task.record or {})
    wanted = task.wanted[0] if task.wanted else Wanted()
    fields = author.complete({**record, **faults_of(author.data, record)[1], **wanted.given}, wanted)
    author.keep(fields, wanted.given)
    return _one_record(task, rates, author.draft(wanted, fields))


def enhance(task: Task, rng: random.Random, rates: Rates) -> Written:
    """A record made harder without another answer, as the `operator` in `more` says: `add_context`, `paraphrase`,
    `paraphrase_choices`, `add_choice` or `more_steps`; where that cannot be had, by a sentence that adds nothing."""
    author = Author(task, rng)
    record = author.complete(task.record or {}, Wanted())
    name, operator = author.main_text, str(task.more.get("operator", ""))
    choices = record.get(author.shape.name("choices"))
    if operator == "more_steps" and author.shape.kind == "problem":
        _add_step(author, record)
    elif operator in ("add_choice", "paraphrase_choices") and isinstance(choices, list):
        _other_choices(author, record, operator)
    elif isinstance(record.get(name), str):
        leads, mark = corpus("sentences")["lead"]["say"], "." if author.shape.kind == "problem" else ":"
        lead = f"{Slots(rng).say(leads)}{mark}" if operator == "paraphrase" else filler(rng, "problem")
        record[name] = f"{lead} {record[name]}"
    return _one_record(task, rates, author.draft(Wanted(), record))


def _one_record(task: Task, rates: Rates, draft: Draft) -> Written:
    return records_reply([(draft, draft.rng.random() < rates["malformed"])], _asked_for(task), task.form)


def _asked_for(task: Task) -> list[FieldSpec]:
    written = list(task.about.written) or [FieldSpec("text")]
    return [spec for spec in written if spec.name in task.fields] if task.fields else written


def _mended(author: Author, wanted: Wanted, record: dict[str, Any]) -> dict[str, Any]:
    """The record with its constraints kept; a new one where it lacks something or would lose its answer."""
    data, fresh = author.data, author.write(wanted).fields
    fields = {**record, **wanted.given}
    if not all(_of_type(spec, fields.get(spec.name)) for spec in data.specs) or data.holds(fields):
        return fresh
    foreign = {name for name in data.rules.keys() - wanted.given.keys() if data.foreign(name, fields[name])}
    if foreign & set(author.shape.roles.values()):
        return fresh
    fields.update({name: fresh[name] for name in foreign})
    author.keep(fields, wanted.given)
    mended = {spec.name: fields[spec.name] for spec in data.specs}
    return mended if still_answered(author.shape, record, fields) else fresh


def _of_type(spec: FieldSpec, value: Any) -> bool:
    try:
        return value is not None and coerce(spec, value) == value
    except WrongType:
        return False


def _add_step(author: Author, record: dict[str, Any]) -> None:
    """One more step before the question of a word problem whose answer is a number."""
    question, name = author.shape.name("question"), author.shape.name("answer")
    told, mark, asked = str(record.get(question)).rpartition(". ")
    more = 2 + int(author.rng.random() * 30)
    step = Wording(corpus("problems")["all"]["more"][0].partition(" | ")[2]).fill({"n": more})
    longer = f"{told}{mark}{step} {asked}"
    program = read(longer)
    if program is not None and program.answer is not None and isinstance(record.get(name), int | float):
        record.update({question: longer, name: record[name] + more})


def _other_choices(author: Author, record: dict[str, Any], operator: str) -> None:
    name, label = author.shape.name("choices"), author.shape.name("label")
    texts = [str(text) for text in record[name]]
    if operator == "add_choice" and len(texts) < len(LETTERS):
        record[name] = [*texts, Slots(author.rng).say(("none that {name} knows", "something else entirely"))]
    elif "text" not in author.shape.form or not label:
        record[name] = [text if text[:1].isdigit() else f"it is {lowered(text)}" for text in texts]


def ask(task: Task, rng: random.Random, rates: Rates) -> Written:
    """`{"verdict": yes|no, "reason"}`: whether a statement holds of a record. Of "one question" the question marks are
    counted; any other statement holds where no planted order stands in the record."""
    texts = " ".join(value for value in (task.record or {}).values() if isinstance(value, str))
    holds = texts.count("?") == 1 if "one question" in task.statement.lower() else not orders_in(texts)
    verdict, other = ("yes", "no") if holds else ("no", "yes")
    return _told(rng, rates, {"verdict": verdict, "reason": _READ}, {"verdict": other, "reason": _READ})


def review(task: Task, rng: random.Random, rates: Rates) -> Written:
    """`{"verdict": good|bad, "reasons", "rewrite"}`: whether a record is good, why not, and the record mended."""
    record = dict(task.record or {})
    reasons, mended = faults_of(dataset_of(task), record)
    good: dict[str, Any] = {"verdict": "good", "reasons": [], "rewrite": None}
    if not reasons:
        return _told(rng, rates, good, {**good, "verdict": "bad", "reasons": ["it reads a little stiff"]})
    bad = {"verdict": "bad", "reasons": reasons, "rewrite": {**record, **mended} if mended else None}
    return _told(rng, rates, bad, good)


def judge(task: Task, rng: random.Random, rates: Rates) -> Written:
    """`{"verdict": supported|contradicted|not_found, "correction", "reason"}`: whether the passages in `more` support
    the claim in `statement`."""
    passages = " ".join(str(passage) for passage in task.more.get("passages") or ()).lower()
    words, right = telling_words((task.statement,), 40), corrected(task.statement)
    correction = None
    if right != task.statement and all(word in passages for word in telling_words((right,), 40)):
        verdict, correction = "contradicted", right
    else:
        share = sum(word in passages for word in words) / len(words) if words else 0.0
        verdict = "supported" if share >= 0.8 and right == task.statement else "not_found"
    found = {"verdict": verdict, "correction": correction, "reason": "by the words of the passages"}
    other = pick(rng, [one for one in VERDICTS if one != verdict])
    return _told(rng, rates, found, {**found, "verdict": other, "correction": None})


def score(task: Task, rng: random.Random, rates: Rates) -> Written:
    """`{"score": 1 to 5, "reason"}`, as judges give marks: 5 less two for every fault found, give or take one."""
    reasons, _ = faults_of(dataset_of(task), dict(task.record or {}))
    mark = max(1, 5 - 2 * len(reasons) - (rng.random() < 0.3))
    reason = reasons[0] if reasons else "nothing is wrong with it"
    found = {"score": mark, "reason": reason}
    return _told(rng, rates, found, {"score": 6 - mark if mark != 3 else 5, "reason": reason})


def solve(task: Task, rng: random.Random, rates: Rates) -> Written:
    """`{"answer": …}`: of the `choices` in `more` (texts, as shown) the right one, of the `values` there the label that
    the text is of, else a short answer (null when it is not known)."""
    choices, values = list(task.more.get("choices") or ()), list(task.more.get("values") or ())
    found: Any
    if choices:
        place = right_choice(task.question, [str(choice) for choice in choices])
        found = pick(rng, choices) if place is None else choices[place]
    elif values:
        found = guess_value(rng, dataset_of(task), task.about.label_field, task.question, values)
    else:
        found = answer_of(task.question)
    others = [one for one in choices or values if one != found]
    number = read_number(found) if isinstance(found, str) else None
    invented = Slots(rng).fill("{name} {surname}") if number is None else plain(number + 1 + int(rng.random() * 9))
    return _told(rng, rates, {"answer": found}, {"answer": pick(rng, others or [invented])}, "wrong_answer")


def _told(
    rng: random.Random, rates: Rates, right: Mapping[str, Any], wrong: Mapping[str, Any], fault: str = "wrong_verdict"
) -> Written:
    """The right reply, or, at the rate of the fault, the wrong one; what stands first in it is the truth."""
    if rng.random() < rates[fault]:
        return json_reply(wrong, Plant(fault, truth=next(iter(right.values()))))
    return json_reply(right)


def code(task: Task, rng: random.Random, rates: Rates) -> Written:
    """One fenced block of Python that works out the question, from the question alone."""
    wrong, program = rng.random() < rates["wrong_program"], program_for(rng, task.question)
    plants = [Plant("wrong_program", truth=program)] if wrong else []
    return Written(f"```python\n{spoiled(rng, program) if wrong else program}\n```", plants=plants)


def claims(task: Task, rng: random.Random, rates: Rates) -> Written:
    """`{"claims": [{"claim", "entities", "query"}]}`: the sentences of a record that could be looked up, with the names
    in them."""
    texts = [value for value in (task.record or {}).values() if isinstance(value, str)]
    sentences = [sentence for text in texts for sentence in re.split(r"(?<=[.!?])\s+", text)]
    found = [
        {"claim": sentence, "entities": names, "query": " ".join(names)}
        for sentence in sentences
        if (names := _NAMES.findall(sentence)) and not sentence.endswith("?")
    ]
    return json_reply({"claims": found[:MOST_CLAIMS]})


def extract(task: Task, rng: random.Random, rates: Rates) -> Written:
    """`{"values": […]}`: different values of the `attribute` in `more`, as many as the `count` there, out of examples
    or thought of; where there are no examples, `question` says what the values answer."""
    name = f"{task.more.get('attribute', '')} {task.more.get('question', '')}".lower()
    texts = [value for row in task.examples for value in row.values() if isinstance(value, str)]
    count, pool = int(task.more.get("count") or 10), list[str]()
    if re.search(r"setting|place|location|where|scene", name):
        pool = list(listed("setting"))
    elif re.search(r"topic|subject|theme|domain", name):
        pool = sorted({topic for scene in all_scenes() for topic in scene.topics})
    rng.shuffle(pool)
    chosen = {value: None for value in [*pool, *telling_words(texts, 200)] if value not in task.avoid}
    while len(chosen) < count:
        chosen[Slots(rng).fill("{adjective} {thing} in {city}")] = None
    return json_reply({"values": list(chosen)[:count]})


ANSWERS: Mapping[str, Callable[[Task, random.Random, Rates], Written]] = {
    "generate": generate, "improve": generate, "repair": repair, "rewrite": rewrite, "enhance": enhance,
    "ask": ask, "review": review, "judge": judge, "score": score, "solve": solve,
    "code": code, "claims": claims, "extract": extract,
}  # fmt: skip
