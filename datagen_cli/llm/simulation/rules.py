"""Constraints as a prompt states them: read from their sentences, kept, or broken on purpose."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from datagen_cli.constraints.pattern_text import compiled, sample
from datagen_cli.llm.simulation.slots import pick
from datagen_cli.text.normalise import fold
from datagen_cli.text.tokens import BYTES_PER_TOKEN, estimate_tokens, word_count

_LENGTH = re.compile(r"(at least|at most) (\d+) (words|characters|tokens)")
_BOUND = re.compile(r"(at least|at most|more than|less than) (-?\d+(?:\.\d+)?(?:e[-+]?\d+)?)$")
_WORD_END = re.compile(r"[\s,;:]+$")
_FOREIGN = {
    "de": (
        "Der alte Zug fährt am Morgen langsam durch das stille Tal.",
        "Niemand weiß, wann die Brücke über den Fluss wieder geöffnet wird.",
        "Am Abend sitzen die Nachbarn vor dem Haus und erzählen Geschichten.",
    ),
    "fr": (
        "La vieille horloge de la gare ne sonne plus depuis longtemps.",
        "Personne ne sait quand le pont sur la rivière sera rouvert.",
        "Le soir, les voisins sont assis devant la maison et racontent des histoires.",
    ),
    "es": (
        "El viento de la tarde mueve las hojas del jardín sin descanso.",
        "Nadie sabe cuándo volverán a abrir el puente sobre el río.",
        "Por la noche los vecinos se sientan delante de la casa y cuentan historias.",
    ),
}
More = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Rule:
    """One constraint. `kind` is length, pattern, contains, excludes, choices, range, unique, language or ask.

    `low` and `high` bound a length in `unit` or a number; `values` are texts, JSON values or the code of a language;
    `any` says that one of the values is enough; `sharp` that bounds are exclusive or that case counts. What language a
    text is in is not looked at: a rule of the kind language always holds.
    """

    field: str
    kind: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    values: tuple[Any, ...] = ()
    any: bool = False
    sharp: tuple[bool, bool] = (False, False)
    whole: bool = False
    pattern: str = ""

    def holds(self, value: Any) -> bool:
        """Whether a value keeps the rule; on a list every item must (for `contains` some item)."""
        items = value if isinstance(value, list) else [value]
        if self.kind == "contains":
            return self._contains(" \n ".join(as_text(item) for item in items))
        return all(self._holds(item) for item in items)

    def _holds(self, value: Any) -> bool:
        if self.kind == "range":
            return self._in_range(value)
        if self.kind == "choices":
            return any(type(known) is type(value) and known == value for known in self.values)
        text = as_text(value)
        if self.kind == "length":
            size = measure(text, self.unit)
            return (self.low is None or size >= self.low) and (self.high is None or size <= self.high)
        if self.kind == "pattern":
            regex = compiled(self.pattern)
            return regex is None or regex.search(text) is not None
        if self.kind == "excludes":
            return not any(fold(item) in fold(text) for item in self.values)
        return True

    def _contains(self, text: str) -> bool:
        text = text if self.sharp[0] else fold(text)
        found = [(item if self.sharp[0] else fold(item)) in text for item in self.values]
        return any(found) if self.any else all(found)

    def _in_range(self, value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float) or (self.whole and value % 1):
            return False
        low = self.low is None or (value > self.low if self.sharp[0] else value >= self.low)
        return low and (self.high is None or (value < self.high if self.sharp[1] else value <= self.high))


def as_text(value: Any) -> str:
    """A value as constraints see it: 42 for 42.0, JSON for what is no text."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def measure(text: str, unit: str) -> int:
    """Words, characters or (estimated) tokens."""
    return word_count(text) if unit == "words" else len(text) if unit == "characters" else estimate_tokens(text)


def read_rules(line: str, fields: Sequence[str]) -> list[Rule]:
    """The rules of one constraint sentence, one a bounded unit; a sentence of no known form is `ask`."""
    field = max((name for name in fields if line.startswith(name + ": ")), key=len, default="")
    if not field:
        return [Rule("", "ask")]
    text = line[len(field) + 2 :]
    if text.startswith("matches the regular expression "):
        regex = text.removeprefix("matches the regular expression ")
        return [
            Rule(
                field,
                "pattern",
                pattern=f"(?i){regex.removesuffix(' (any case)')}" if regex.endswith(" (any case)") else regex,
            )
        ]
    case = text.endswith(" (case counts)")
    text = text.removesuffix(" (case counts)")
    for start, kind, enough in (
        ("contains all of ", "contains", False),
        ("contains one of ", "contains", True),
        ("contains ", "contains", False),
        ("does not contain ", "excludes", False),
        ("one of ", "choices", False),
    ):
        if text.startswith(start):
            values = _values(text.removeprefix(start))
            return (
                [Rule(field, kind, values=values, any=enough, sharp=(case, False))] if values else [Rule(field, "ask")]
            )
    if text == "different in every record":
        return [Rule(field, "unique")]
    if text.startswith("in ") and text.endswith(")"):
        return [Rule(field, "language", values=(text.rpartition("(")[2].rstrip(")"),))]
    return _lengths(field, text) or _range(field, text) or [Rule(field, "ask")]


def _values(text: str) -> tuple[Any, ...]:
    try:
        return tuple(json.loads(f"[{text}]"))
    except ValueError:
        return ()


def _lengths(field: str, text: str) -> list[Rule]:
    bounds: dict[str, dict[str, float]] = {}
    for side, number, unit in _LENGTH.findall(text):
        bounds.setdefault(unit, {})["low" if side == "at least" else "high"] = float(number)
    return [
        Rule(field, "length", unit=unit, low=found.get("low"), high=found.get("high")) for unit, found in bounds.items()
    ]


def _range(field: str, text: str) -> list[Rule]:
    low = high = None
    sharp, whole = [False, False], False
    for part in text.split(", "):
        found = _BOUND.match(part)
        if part == "a whole number":
            whole = True
        elif found is None:
            return []
        elif found[1] in ("at least", "more than"):
            low, sharp[0] = float(found[2]), found[1] == "more than"
        else:
            high, sharp[1] = float(found[2]), found[1] == "less than"
    return [Rule(field, "range", low=low, high=high, sharp=(sharp[0], sharp[1]), whole=whole)]


def keep(rng: random.Random, value: Any, rules: Sequence[Rule], more: More) -> Any:
    """`value`, changed as little as needed so that all `rules` hold; `more()` writes a further sentence.

    Rules that contradict each other are kept as far as their order allows.
    """
    if all(rule.holds(value) for rule in rules):
        return value
    if isinstance(value, list):
        return _keep_list(rng, value, rules, more)
    if isinstance(value, str):
        return _keep_text(rng, value, rules, more)
    chosen = next((rule.values for rule in rules if rule.kind == "choices"), ())
    fitting = [known for known in chosen if all(rule.holds(known) for rule in rules)] or list(chosen)
    if fitting:
        return pick(rng, fitting)
    return _keep_number(rng, value, rules) if isinstance(value, int | float) else value


def _keep_list(rng: random.Random, items: list[Any], rules: Sequence[Rule], more: More) -> list[Any]:
    each = [rule for rule in rules if rule.kind != "contains"]
    kept = [keep(rng, item, each, more) for item in items]
    for rule in rules:
        if rule.kind == "contains" and not rule.holds(kept) and kept:
            last = kept[-1] if isinstance(kept[-1], str) else ""
            kept[-1] = keep(rng, last, [rule, *each], more)
    return kept


def _keep_number(rng: random.Random, value: int | float, rules: Sequence[Rule]) -> int | float:
    ranges = [rule for rule in rules if rule.kind == "range"]
    low = max((rule.low for rule in ranges if rule.low is not None), default=None)
    high = min((rule.high for rule in ranges if rule.high is not None), default=None)
    low = low if low is not None else (high - 100 if high is not None else 1)
    high = high if high is not None else low + 100
    step = 1 if high - low >= 2 else 0.01
    for _ in range(40):
        number = low + int(rng.random() * ((high - low) / step + 1)) * step
        number = int(number) if number == int(number) else round(number, 2)
        if all(rule.holds(number) for rule in rules):
            return number
    for rule in rules:
        if rule.kind == "pattern":
            for _ in range(40):
                text = sample(rng, rule.pattern) or ""
                try:
                    number = float(text) if "." in text else int(text)
                except ValueError:
                    break
                if all(other.holds(number) for other in rules):
                    return number
    return value


def _keep_text(rng: random.Random, text: str, rules: Sequence[Rule], more: More) -> str:
    for rule in rules:
        if rule.kind == "choices" and not rule.holds(text):
            return pick(rng, [value for value in rule.values if isinstance(value, str)] or [text])
    text = _within(_without(text, rules), rules, more)
    for rule in rules:
        if rule.kind == "contains" and not rule.holds(text):
            text = _containing(rng, text, rule, rules)
    for rule in rules:
        if rule.kind == "pattern" and not rule.holds(text):
            text = _matching(rng, text, rule, rules, more)
    return text


def _without(text: str, rules: Sequence[Rule]) -> str:
    """`text` without what must not occur: the sentences that hold it, else the words themselves."""
    for rule in rules:
        if rule.kind != "excludes" or rule.holds(text):
            continue
        sentences = re.split(r"(?<=[.?!])\s+", text)
        kept = [sentence for sentence in sentences if rule.holds(sentence)]
        if kept and len(kept) * 2 >= len(sentences):
            text = " ".join(kept)
        for item in rule.values:
            text = re.sub(re.escape(item), "", text, flags=re.IGNORECASE)
        text = re.sub(r"\s+", " ", text).strip() or "It is so."
    return text


def _within(text: str, rules: Sequence[Rule], more: More) -> str:
    lengths = [rule for rule in rules if rule.kind == "length"]
    barred = [rule for rule in rules if rule.kind == "excludes"]
    for _ in range(200):
        if not any(rule.low is not None and measure(text, rule.unit) < rule.low for rule in lengths):
            break
        addition = _without(more(), barred)
        text = f"{text} {addition}" if text.endswith((".", "!", "?", '"')) or not text else f"{text}. {addition}"
    for rule in lengths:
        if rule.high is not None and measure(text, rule.unit) > rule.high:
            text = _shorter(text, rule, int(rule.high))
    return text


def _shorter(text: str, rule: Rule, most: int) -> str:
    """The first sentences that fit; else the first words; a length from below is minded where both can be had."""
    sentences = re.split(r"(?<=[.?!])\s+", text)
    while len(sentences) > 1 and measure(" ".join(sentences), rule.unit) > most:
        sentences.pop(-2 if sentences[-1].endswith("?") and len(sentences) > 2 else -1)
    kept = " ".join(sentences)
    if measure(kept, rule.unit) <= most and (rule.low is None or measure(kept, rule.unit) >= rule.low):
        return kept
    if rule.unit == "words":
        pieces = text.split(" ")
        while len(pieces) > 1 and measure(" ".join(pieces), "words") > most:
            pieces.pop()
        return _WORD_END.sub("", " ".join(pieces))
    limit = most if rule.unit == "characters" else most * BYTES_PER_TOKEN
    cut = text[:limit]
    while measure(cut, rule.unit) > most:
        cut = cut[:-1]
    at = cut.rfind(" ")
    shorter = cut[:at] if at > 0 else cut
    return shorter if rule.low is None or measure(shorter, rule.unit) >= rule.low else cut


def _containing(rng: random.Random, text: str, rule: Rule, rules: Sequence[Rule]) -> str:
    missing = [item for item in rule.values if not Rule("", "contains", values=(item,), sharp=rule.sharp).holds(text)]
    wanted = [pick(rng, missing)] if rule.any else missing
    others = [other for other in rules if other.kind in ("length", "excludes")]
    for item in wanted:
        told = f"This is about {item}. {text}" if text.endswith("?") else f"{text} This is about {item}."
        for candidate in (told, f"{text} {item}", f"{item} {text}", *_replaced(text, item)):
            if all(other.holds(candidate) for other in others):
                text = candidate
                break
        else:
            text = next(iter(_replaced(text, item)), item)
    return text


def _replaced(text: str, item: str) -> list[str]:
    """The text with `item` in the place of its last words, as many as it has itself."""
    pieces, size = text.split(" "), max(1, item.count(" ") + 1)
    return [" ".join([*pieces[: max(0, len(pieces) - cut)], item]) for cut in (size, size + 1, size + 3)]


def _matching(rng: random.Random, text: str, rule: Rule, rules: Sequence[Rule], more: More) -> str:
    for turn in range(12):
        drawn = sample(rng, rule.pattern)
        if drawn is None:
            return text
        tries = (f"{text.rstrip('.!? ')}{drawn}", f"{text} {drawn}", f"{drawn} {text}", f"{drawn}{text}", drawn)
        for candidate in tries:
            if all(other.holds(candidate) for other in rules):
                return candidate
        if turn > 5:
            candidate = _within(_without(drawn, rules), rules, more)
            if all(other.holds(candidate) for other in rules):
                return candidate
    return sample(rng, rule.pattern) or text


def broken(rng: random.Random, value: Any, rule: Rule, more: More) -> Any | None:
    """`value` changed so that it no longer keeps `rule`; None when this cannot be done within the field's type."""
    for candidate in _breaking(rng, value, rule, more):
        if candidate != value and not rule.holds(candidate) and candidate not in ("", []):
            return candidate
    return None


def _breaking(rng: random.Random, value: Any, rule: Rule, more: More) -> list[Any]:
    if rule.kind == "range" and isinstance(value, int | float):
        tries = [value + 0.5] if rule.whole else []
        tries += [rule.high + 1 + int(rng.random() * 50)] if rule.high is not None else []
        tries += [rule.low - 1 - int(rng.random() * 50)] if rule.low is not None else []
        return [int(number) if number == int(number) else number for number in tries]
    if rule.kind == "pattern" and isinstance(value, int | float):
        return [value + 0.5, -abs(value) - 1, abs(value) * 1000 + 1]
    if not isinstance(value, str):
        return []
    if rule.kind == "length":
        return [_too_long(value, rule, more) if rule.high is not None else "", _too_short(value, rule)]
    if rule.kind == "contains":
        cut = value
        for item in rule.values:
            cut = re.sub(re.escape(item), "", cut, flags=re.IGNORECASE)
        return [re.sub(r"\s+", " ", cut).strip()]
    if rule.kind == "excludes":
        return [f"{value} {pick(rng, rule.values)}"]
    if rule.kind == "choices":
        return [f"{value} or so", "something else"]
    return [f"{value} *", f"* {value}", value.swapcase(), value[: len(value) // 2].strip(), "n/a"]


def _too_long(text: str, rule: Rule, more: More) -> str:
    for _ in range(200):
        if measure(text, rule.unit) > (rule.high or 0):
            break
        text = f"{more()} {text}"
    return text


def _too_short(text: str, rule: Rule) -> str:
    pieces = text.split(" ")
    while len(pieces) > 1 and measure(" ".join(pieces), rule.unit) >= (rule.low or 0):
        pieces.pop()
    return " ".join(pieces)


def foreign(rng: random.Random, wanted: str) -> str:
    """Two sentences of one language, neither English nor that of the code `wanted`."""
    sentences = list(pick(rng, [found for code, found in _FOREIGN.items() if code != wanted]))
    rng.shuffle(sentences)
    return " ".join(sentences[:2])
