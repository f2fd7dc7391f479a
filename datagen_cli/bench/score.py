"""How many questions of a dataset language models answer right: the dataset as a test, with paired intervals.

Every model sees the same questions, choices shuffled the same way, and never the label. An answer is compared in the
label's own manner: the choice it points at, the class, the same number, the same words; for longer answers a judge says
whether they mean the same. Of a sentence, where numbers are asked for, the number counts that it comes down to. An
answer that cannot be read is wrong; a call without a reply leaves its row out for all models. A model that runs here is
stopped where any answer has ended: a small one would write on until its tokens are spent. Differences are paired by
question, so that they are surer than the accuracies themselves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from datagen_cli.bench.gap import Estimate, compared, mean_hits, ranks
from datagen_cli.config.fields import RESERVED
from datagen_cli.core.chat import Draw, Reply
from datagen_cli.core.digest import rng
from datagen_cli.core.errors import DataError, Place
from datagen_cli.core.fields import About, FieldSpec, plain, plain_text
from datagen_cli.core.pointer import CALLED, Pointer, find_pointer, nearly_pointer
from datagen_cli.core.registry import suggest
from datagen_cli.evaluation.columns import column_names
from datagen_cli.evaluation.correctness import same_answer
from datagen_cli.evaluation.load import Loaded
from datagen_cli.metrics.intervals import share_interval
from datagen_cli.metrics.remote_clique import sample_rows
from datagen_cli.pipeline.questions import Question
from datagen_cli.pipeline.trial import Useless, is_cut
from datagen_cli.prompts.checking import ask_prompt, read_verdict, verdict_format
from datagen_cli.prompts.ends import OF_VERDICT
from datagen_cli.prompts.quoted import data_in
from datagen_cli.prompts.solving import END, LONG_END, Item, answer_format, read_answer, solve_prompt
from datagen_cli.prompts.thinking import answer_of
from datagen_cli.text.answers import final_answer, parse_number
from datagen_cli.text.quantity import read

Kind = Literal["choices", "classes", "number", "short", "free"]
MOST_CLASSES, ROWS_A_CLASS = 30, 3
SHORT_CHARACTERS = 60
LEAST_GROUP = 5
SAME = "The answer means the same as the reference: a reader would mark both right, or both wrong."
VERDICTS = ("yes", "no", "unclear")


@dataclass(frozen=True)
class QuestionSet:
    """A dataset as questions: `items` with what is right, as `read_answer` gives answers; rows by their number."""

    kind: Kind
    about: About
    items: Sequence[Item]
    right: Sequence[str]
    rows: Sequence[Mapping[str, Any]]
    left_out: int = 0

    def __len__(self) -> int:
        return len(self.items)


@dataclass
class Marked:
    """A model's answers: whether each row's is right (None: there was no reply), and how many could not be read."""

    model: str
    hits: list[bool | None]
    unread: int = 0
    cost_usd: float | None = 0.0
    tokens: int = 0
    answers: list[str | None] = field(default_factory=list)


def quiz_of(loaded: Loaded, question: str = "", answer: str = "", choices: str = "") -> QuestionSet:
    """The questions of a dataset; columns that are not named are found. Raises `DataError` where there is no question
    or no answer."""
    data = loaded.dataset
    rows, place = list(data.rows), Place(data.name)
    if not rows:
        raise DataError("the dataset has no rows", hint="name a file with rows", place=place)
    known = column_names(rows)
    for option, name in (("--question", question), ("--label", answer), ("--choices", choices)):
        if name and name not in known:
            raise DataError(f"{option}: no row has a column {name!r}", hint=suggest(name, known), place=place)
    answer = answer or data.label_field or ("answer" if "answer" in known else "")
    if not answer:
        raise DataError("there is no label to compare answers with", hint="--label FIELD names it", place=place)
    lists = [choices] if choices else [n for n in known if isinstance(rows[0].get(n), list)]
    pointer = find_pointer(answer, lists, rows)
    if pointer is None and (nearly := nearly_pointer(answer, lists, rows)):
        pointer = nearly[0]  # rows whose answer is none of their choices have no answer: they are left out
    named = choices or next((name for name in lists if name.lower() in CALLED), "")
    if named and pointer is None:
        hint = "such as A, 0 or the item itself, in at least four rows of five; --choices and --label name the columns"
        raise DataError(f"{answer} points at no item of {named}", hint=hint, place=place)
    asking = [question] if question else _question(data.text_fields, known, answer)
    if not asking:
        raise DataError("there is no question", hint="--question FIELD names it", place=place)
    about, meanings, values = _told(loaded, answer)
    labels = [row.get(answer) for row in rows]
    values = values or _classes(labels)
    kind: Kind = "choices" if pointer else _kind(labels, values)
    number = kind == "number" and all(_is_decimal(_final(plain_text(label))) for label in labels if label is not None)
    items, right, kept = [], [], []
    for row in rows:
        text = "\n\n".join(plain_text(row[name]) for name in asking if row.get(name) is not None)
        said = _right(row, answer, pointer)
        if not text.strip() or said is None:
            continue
        shown = tuple(map(plain_text, row[pointer.choices])) if pointer else ()
        items.append(Item(text, shown, tuple(values) if kind == "classes" else (), answer, meanings, number))
        right.append(said)
        kept.append(row)
    if not items:
        raise DataError("no row has a question and an answer", hint="--question, --label, --choices", place=place)
    return QuestionSet(kind, about, items, right, kept, len(rows) - len(items))


def drawn(quiz: QuestionSet, count: int | None) -> QuestionSet:
    """At most so many of the questions; which ones depends on how many there are."""
    if count is None or len(quiz) <= count:
        return quiz
    kept = sample_rows(len(quiz), count, "score").tolist()
    return replace(
        quiz,
        items=[quiz.items[n] for n in kept],
        right=[quiz.right[n] for n in kept],
        rows=[quiz.rows[n] for n in kept],
    )


def _question(texts: Sequence[str], known: Sequence[str], answer: str) -> list[str]:
    """The columns that are asked: one that is called so, else all text that is not the answer."""
    named = [name for name in known if name.lower() in ("question", "instruction", "problem", "text", "prompt", "ctx")]
    return named[:1] or [name for name in texts if name != answer]


def _told(loaded: Loaded, answer: str) -> tuple[About, dict[Any, str], tuple[Any, ...]]:
    """What a solver is told of the dataset: a run's recipe says it, a file says its columns."""
    recipe = loaded.run.recipe if loaded.run else {}
    label = recipe.get("label")
    given = label.get("values") if isinstance(label, dict) else None
    meanings = {key: str(value) for key, value in given.items()} if isinstance(given, dict) else {}
    values = tuple(given) if isinstance(given, dict | list) else ()
    names = [name for name in column_names(loaded.dataset.rows) if name not in RESERVED]
    first = next(iter(loaded.dataset.rows))
    specs = tuple(FieldSpec(name, _type(first.get(name)), values=values if name == answer else ()) for name in names)
    return About(str(recipe.get("description") or ""), specs, meanings), meanings, values


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else "list" if isinstance(value, list) else "text"


def _classes(labels: Sequence[Any]) -> tuple[Any, ...]:
    """The label's values where they are few and are no numbers; else none."""
    values = {label for label in labels if isinstance(label, str | bool)}
    few = 1 < len(values) <= MOST_CLASSES and len(labels) >= ROWS_A_CLASS * len(values)
    return tuple(sorted(values, key=plain)) if few and not all(parse_number(str(v)) is not None for v in values) else ()


def _kind(labels: Sequence[Any], values: Sequence[Any]) -> Kind:
    if values:
        return "classes"
    texts = [_final(plain_text(label)) for label in labels if label is not None]
    if texts and all(parse_number(text) is not None for text in texts):
        return "number"
    return "short" if sum(len(text) <= SHORT_CHARACTERS for text in texts) >= 0.9 * len(texts) else "free"


def _final(label: str) -> str:
    """The final answer of a worked solution (`####`, `\\boxed`), any other label as it is."""
    return final_answer(label) or label if "####" in label or "\\boxed" in label else label


def _is_decimal(label: str) -> bool:
    """Whether a JSON number says the same: `12`, `$1,200.50`, and neither `1/2` nor `50%`."""
    found = read(label)
    return found is not None and found.kind in ("plain", "money") and found.decimals is not None


def _right(row: Mapping[str, Any], answer: str, pointer: Pointer | None) -> str | None:
    label = row.get(answer)
    if label is None or (isinstance(label, str) and not label.strip()):
        return None
    if pointer is None:
        return plain_text(label)
    place = pointer.place(label, row.get(pointer.choices))
    return None if place is None else plain_text(row[pointer.choices][place])


def order_of(item: Item, number: int) -> list[int]:
    """The order in which choices are shown: the same for every model."""
    order = list(range(len(item.known)))
    rng("score", number, item.question).shuffle(order)
    return order


def questions(quiz: QuestionSet) -> list[Question]:
    """What every model is asked."""
    end = LONG_END if quiz.kind == "free" else END
    found = []
    for number, item in enumerate(quiz.items):
        prompt = solve_prompt(quiz.about, item, order_of(item, number))
        found.append(Question(prompt, Draw(number, 1, "solve"), answer_format(item), end))
    return found


def answer_in(quiz: QuestionSet, number: int, reply: Reply) -> str | None:
    """The answer of a reply to one of the questions; None where none can be read."""
    item, cut = quiz.items[number], is_cut(number, reply)
    said = read_answer(reply.text, item, order_of(item, number))
    if said is None and quiz.kind == "number" and not cut:
        return final_answer(answer_of(reply.text))
    return said or reply.text.strip() or None if quiz.kind == "free" and not cut else said


def mark(quiz: QuestionSet, model: str, replies: Sequence[Reply | str]) -> Marked:
    """Which answers are right; free answers are left to a judge (`judge_questions`, `with_verdicts`)."""
    found = Marked(model, [])
    for number, (item, reply) in enumerate(zip(quiz.items, replies, strict=True)):
        if isinstance(reply, str):
            found.hits.append(None)
            found.answers.append(None)
            continue
        said = answer_in(quiz, number, reply)
        found.unread += said is None
        found.answers.append(said)
        exact = said == quiz.right[number] if item.known else said is not None and same_answer(said, quiz.right[number])
        found.hits.append(said is not None and exact)
    return found


def unread(quiz: QuestionSet) -> Useless:
    """What says why an answer is of no use: it was cut off, or cannot be read."""

    def useless(number: int, reply: Reply) -> str:
        return "" if answer_in(quiz, number, reply) is not None else is_cut(number, reply) or "malformed"

    return useless


def unread_verdict(asked: Sequence[Question]) -> Useless:
    """The same of a judge's verdicts."""

    def useless(number: int, reply: Reply) -> str:
        return "" if _verdict(asked[number], reply) else is_cut(number, reply) or "malformed"

    return useless


def _verdict(asked: Question, reply: Reply) -> dict[str, Any] | None:
    return read_verdict(reply.text, VERDICTS, data_in(asked.prompt))


def judge_questions(quiz: QuestionSet, marked: Marked) -> list[tuple[int, Question]]:
    """What a judge is asked of free answers that are not the reference's own words."""
    form = verdict_format(VERDICTS, {"reason": {"type": "string"}})
    asked = []
    for number, (hit, said) in enumerate(zip(marked.hits, marked.answers, strict=True)):
        if quiz.kind == "free" and hit is False and said is not None:
            record = {"question": quiz.items[number].question, "reference": quiz.right[number], "answer": said}
            prompt = ask_prompt(quiz.about, record, SAME)
            asked.append((number, Question(prompt, Draw(number, 1, "same"), form, OF_VERDICT)))
    return asked


def with_verdicts(marked: Marked, asked: Sequence[tuple[int, Question]], replies: Sequence[Reply | str]) -> None:
    """Puts the judge's verdicts into the marks: `yes` is right; what is not told is no reply."""
    for (number, question), reply in zip(asked, replies, strict=True):
        found = None if isinstance(reply, str) else _verdict(question, reply)
        verdict = found["verdict"] if found else "unclear"
        marked.hits[number] = None if verdict == "unclear" else verdict == "yes"


def table(quiz: QuestionSet, marks: Sequence[Marked]) -> dict[str, Any]:
    """Accuracies with intervals, ranks and ties, pairs, and the same by attribute; of rows that all models answered."""
    import numpy as np

    whole = [n for n in range(len(quiz)) if all(one.hits[n] is not None for one in marks)]
    estimates = [mean_hits(np.asarray([[float(bool(one.hits[n])) for n in whole]])) for one in marks] if whole else []
    places = ranks(estimates)
    rows = []
    for number, one in enumerate(marks):
        right = sum(bool(one.hits[n]) for n in whole)
        entry: dict[str, Any] = {"model": one.model, "right": right, "wrong": len(whole) - right, "unread": one.unread}
        if replied := one.unread + sum(said is not None for said in one.answers):
            entry["readable"] = 1 - one.unread / replied
        if whole:
            entry["accuracy"] = {"value": right / len(whole), "interval": share_interval(right, len(whole))}
            entry["rank"] = places[number]
        rows.append({**entry, "cost_usd": one.cost_usd, "tokens": one.tokens})
    pairs = [
        _pair(marks[i], marks[j], estimates[i], estimates[j])
        for i in range(len(estimates))
        for j in range(i + 1, len(estimates))
    ]
    return {
        "n": len(whole), "no_reply": len(quiz) - len(whole), "left_out": quiz.left_out, "kind": quiz.kind,
        "models": rows, "pairs": pairs, "by": _by(quiz, marks, whole),
    }  # fmt: skip


def _pair(one: Marked, other: Marked, first: Estimate, second: Estimate) -> dict[str, Any]:
    """The paired difference; `unpaired` is the interval that two samples of other questions would have given."""
    value, (low, high), better = compared(first, second)
    spread = 1.96 * float((first.draws.var() + second.draws.var()) ** 0.5)
    verdict = "tie" if not better else one.model if better > 0 else other.model
    return {
        "a": one.model, "b": other.model, "difference": value, "interval": [low, high],
        "unpaired": [value - spread, value + spread], "verdict": verdict,
    }  # fmt: skip


def _by(quiz: QuestionSet, marks: Sequence[Marked], whole: Sequence[int]) -> dict[str, Any]:
    """Accuracy by the values of each attribute (and of a column `difficulty`), where a value has some rows."""
    values: dict[str, dict[str, list[int]]] = {}
    for number in whole:
        row = quiz.rows[number]
        own = row.get("attributes") if isinstance(row.get("attributes"), dict) else {}
        told = {**(own or {}), **({"difficulty": row["difficulty"]} if row.get("difficulty") is not None else {})}
        for name, value in told.items():
            if value is not None:
                values.setdefault(name, {}).setdefault(plain_text(value), []).append(number)
    found: dict[str, Any] = {}
    for name, groups in values.items():
        shown = {value: numbers for value, numbers in sorted(groups.items()) if len(numbers) >= LEAST_GROUP}
        if len(shown) < 2:
            continue
        found[name] = {
            value: {"n": len(numbers), **{one.model: _share(one, numbers) for one in marks}}
            for value, numbers in shown.items()
        }
    return found


def _share(one: Marked, numbers: Sequence[int]) -> dict[str, Any]:
    right = sum(bool(one.hits[n]) for n in numbers)
    return {"value": right / len(numbers), "interval": share_interval(right, len(numbers))}


def beside(own: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """The base set's accuracies, and whether both sets rank the models alike (Kendall's τ-b; None for one model)."""
    values = [[row["accuracy"]["value"] for row in side["models"] if "accuracy" in row] for side in (own, base)]
    tau = kendall(*values) if len(values[0]) == len(values[1]) else None
    return {"n": base["n"], "kind": base["kind"], "models": base["models"], "kendall_tau": tau}


def kendall(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Kendall's τ-b: pairs in the same order less pairs in the opposite one, corrected for ties; None where a
    side does not vary or there are fewer than two values."""
    if len(one) != len(other):
        raise ValueError("both need as many values")
    pairs = [(i, j) for i in range(len(one)) for j in range(i)]
    signs = [(_sign(one[i] - one[j]), _sign(other[i] - other[j])) for i, j in pairs]
    moved = [sum(sign[side] != 0 for sign in signs) for side in (0, 1)]
    return sum(a * b for a, b in signs) / math.sqrt(moved[0] * moved[1]) if moved[0] and moved[1] else None


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
