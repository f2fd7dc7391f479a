"""The forms that the measure `safety` and the constraint `private` look for: planted instructions, secrets, personal
data, and the look of poison.

A rule is a regular expression with literal parts of which one must stand in the folded text, so that most texts cost a
substring search and no more. Rules are kept narrow: what they flag in real data should be what they say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

from datagen_cli.core.pattern import compiled_later
from datagen_cli.text.orders import orders

if TYPE_CHECKING:
    from datagen_cli.text.literals import LiteralFilter

Kind = Literal["injection", "secret", "personal", "outlier"]
KINDS: tuple[Kind, ...] = ("injection", "secret", "personal", "outlier")
VERSION = 6
LONG_BLOB = 120
REPEATS = 6
_NEAR = 200
_ENDS = re.compile(r"[.!?](?=\s|$)|\n|。")


@dataclass(frozen=True, slots=True)
class Rule:
    """One form. `needs`: lower-case literals of which one must occur; `beside`: what stands in the same sentence;
    `holds`: what a match must also be; `unseen`: no match has a character of ASCII that can be printed."""

    kind: Kind
    name: str
    pattern: re.Pattern[str]
    needs: tuple[str, ...] = ()
    beside: re.Pattern[str] | None = None
    holds: Callable[[str], bool] | None = None
    unseen: bool = False

    def may_stand_in(self, lowered: str) -> bool:
        """Whether a text, given in lower case, has what the form needs."""
        return not self.needs or any(literal in lowered for literal in self.needs)

    def find(self, text: str, lowered: str) -> str | None:
        """The first part of the text that has the form; `lowered` is the text in lower case."""
        if not self.may_stand_in(lowered):
            return None
        if self.unseen and text.isascii() and text.isprintable():
            return None
        for match in self.pattern.finditer(text):
            if self.beside is not None:
                start, end = _sentence(text, *match.span())
                if self.beside.search(text, start, end) is not None:
                    return text[start:end]
            elif self.holds is None or self.holds(match[0]):
                return match[0]
        return None


_EARLIER = (
    r"(?:(?:all|any|of|the|your|my|these|those)\s{1,3}){0,4}"
    r"(?:previous|prior|above|earlier|preceding|foregoing|system)"
)
_ORDERS = r"(?:instructions?|prompts?|rules|directions|guidelines|messages?|context)"
_SAY = r"(?:answer|reply|respond|say|print|output|repeat|write)"
_CHECKER = r"(?:reviewer|grader|judge|evaluator)"
_INJECTION: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "overrides instructions",
        rf"\b(?:ignore|disregard|forget|override|bypass)\s{{1,3}}{_EARLIER}\s{{1,3}}{_ORDERS}\b"
        rf"|\b(?:ignore|disregard|forget)\s{{1,3}}(?:(?:all|any|the|your|these)\s{{1,3}}){{0,3}}{_ORDERS}\s{{1,3}}"
        r"(?:above|before|given|so far|you (?:were|have been) given)\b"
        r"|\b(?:ignore|disregard|forget)\s{1,3}(?:everything|all|the)\s{1,3}(?:above|before|prior)\b"
        rf"|\b(?:ignore|disregard|override)\s{{1,3}}your\s{{1,3}}{_ORDERS}\b"
        rf"|^\s{{0,8}}(?:ignore|disregard|override|bypass)\s{{1,3}}(?:all|the|these)\s{{1,3}}{_ORDERS}\s{{0,3}}[:;]"
        r"|\b(?:stop following|(?:do not|don't|never) follow) (?:the|your|these|any) (?:task|instructions?|prompt)\b"
        rf"|\b(?:ignore|disregard|forget)\s{{1,3}}(?:all that|everything|your task|what (?:you were|i) (?:told|said))"
        rf"\s{{0,3}}(?:,|;|:|\.|and|then)\s{{0,3}}(?:and\s|just\s|now\s)?{_SAY}\b"
        rf"|\b(?:drop|overrides?)\s{{1,3}}(?:all\s{{1,3}}|your\s{{1,3}}|the\s{{1,3}}){{0,2}}"
        rf"(?:previous|prior|earlier|system|initial)?\s{{0,3}}(?:prompts?|instructions|rules)\b"
        rf"|\byour (?:instructions|task|orders|rules) (?:have|has) changed\b"
        rf"|\byour (?:new|real|only|true) (?:task|job|goal|instruction) is (?:now )?to {_SAY}\b",
        (
            "ignore",
            "disregard",
            "forget",
            "override",
            "bypass",
            "follow",
            "drop",
            "changed",
            "your new",
            "your real",
            "your only",
            "your true",
        ),
    ),
    (
        "asks for the prompt",
        r"\b(?:reveal|print|show|repeat|leak|output)\s+(?:me\s+)?(?:your|the)\s+(?:system|hidden|initial)\s+" + _ORDERS,
        ("system", "hidden", "initial"),
    ),
    (
        "gives a new role",
        r"\b(?:act as|pretend to be) (?:an?|the) (?:chat ?bot|system|ai|language model|llm)\b"
        r"|\bas an? (?:ai|language model|llm),? you (?:must|will|should|shall)\b"
        r"|\byou are (?:now|no longer)\s+(?:an?\s+|in\s+)?"
        r"(?:ai\b|assistant|chatgpt|dan\b|jailbr|unrestricted|developer mode|free)"
        r"|\b(?:jailbreak|do anything now|developer mode enabled)\b",
        (
            "you are no",
            "jailbreak",
            "anything now",
            "developer mode",
            "act as",
            "pretend to",
            "as an ai",
            "as a ai",
            "language model",
            "llm",
        ),
    ),
    (
        "gives a new role",
        r"^\s{0,8}(?:ai|llm|language model|chatbot)\s?[,:]\s",
        ("ai", "llm", "language model", "chatbot"),
    ),
    (
        "speaks as the system",
        r"^[ \t]{0,8}(?:[#>*-]{1,6}[ \t]{0,3}|\d{1,2}[.)][ \t]{1,3})?"
        rf"(?:system|developer)[ \t]{{0,3}}(?:prompt|message|note|override)?[ \t]{{0,3}}:"
        rf"\s{{0,3}}(?:you|ignore|from now|always|never|{_SAY}|[A-Z]{{4}})"
        rf"|^[ \t]{{0,8}}(?:user|human|assistant)[ \t]{{0,2}}:[ \t]{{0,3}}(?:{_SAY}\b|[A-Z]{{5,}}\b)"
        r"|^[ \t]{0,8}#{1,6}[ \t]{0,3}(?:instructions?|system(?: prompt)?|new task)[ \t]{0,3}:?[ \t]{0,3}$"
        r"|^[ \t]{0,8}[<\[]{1,2}/?(?:system|developer|instructions?)[>\]]{1,2}"
        r"|\u2028\s{0,3}system\s{0,3}:"
        r"|</?(?:start|end)_of_turn>|<\uff5c[^\uff5c\n]{1,40}\uff5c>"
        r"|<\|(?:im_start|im_end|system|endoftext|begin_of_text|start_header_id)\|>|\[/?INST\]|<<SYS>>",
        (
            "system",
            "developer",
            "<|",
            "inst]",
            "<<sys",
            "user",
            "human",
            "assistant",
            "instruction",
            "task",
            "_of_turn",
            "<\uff5c",
        ),
    ),
    (
        "speaks to a judge",
        r"\b(?:dear|hey|hello)\s{1,3}(?:ai|llm|language model|ai (?:model|reviewer|grader|judge))s?\b\s{0,2}[,:!]",
        ("dear", "hello", "hey"),
    ),
    (
        "speaks to a judge",
        rf"\bnote to (?:the )?model\s{{0,3}}:"
        rf"|\b(?:note to|attention)\s{{1,3}}(?:the\s{{1,3}})?(?:ai|llm|language model|annotator|{_CHECKER})s?\b"
        r"\s{0,2}[,:!]"
        r"|\b(?:skip|bypass|omit)\s{1,3}(?:all|any|every|the)\s{1,3}(?:(?:further|other|remaining)\s{1,3})?"
        r"(?:checks?|validations?|reviews?|filters?|tests?)\s{1,3}(?:for|on|of)\s{1,3}(?:this|the)\b"
        rf"|\bas the {_CHECKER},? (?:you must|please)"
        r"|\b(?:mark|rate|grade|label) this (?:(?:answer|text|record|example|item) )?as (?:correct|good|pass|perfect)",
        (
            "note to",
            "attention",
            "skip",
            "bypass",
            "omit",
            "mark this",
            "rate this",
            "grade this",
            "label this",
            "as the reviewer",
            "as the grader",
            "as the judge",
            "as the evaluator",
        ),
    ),
    (
        "gives an order",
        rf"\b(?:new|updated|revised|real) (?:instructions?|tasks?|orders)\s{{0,2}}:\s{{0,3}}{_SAY}\b"
        rf"|\bfrom now on,? (?:you (?:must|will|only)|only|always|{_SAY}) ",
        ("instruction", "task", "orders", "from now on"),
    ),
    (
        "gives an order",
        rf"(?:^|[.!?`]\s{{1,3}})(?:instead|now),? (?:only )?{_SAY}\b[^.\n]{{0,40}}"
        r"\b(?:for|to|in) (?:every|each|all|any) (?:record|text|row|item|question|answer|example)",
        ("instead", "now"),
    ),
    (
        "gives an order",
        rf"^\s{{0,8}}instead of (?:the|your|this) (?:task|record|text|request|instructions?),? {_SAY}\b"
        rf"|^\s{{0,8}}important\s{{0,3}}[:!]\s{{0,3}}(?:you must )?{_SAY} (?:only )?with\b"
        rf"|^\s{{0,8}}(?:please )?{_SAY} (?:only )?(?:with )?(?:only )?the (?:single |one |exact )?words?"
        rf" [\"']?[A-Z]{{4}}"
        rf"|(?:^|[.!?`]\s{{1,3}})(?:now )?only {_SAY} [\"']?[A-Z]{{4}}",
        ("instead of", "the word", "important", "only"),
    ),
    (
        "writes the form of a reply",
        r"\{\s{0,8}\"records\"\s{0,8}:\s{0,8}\[|\"verdict\"\s{0,8}:\s{0,8}\""
        r"|</?(?:examples|avoid|records?|passages?)>",
        ("records", "verdict", "examples>", "avoid>", "record>", "passage"),
    ),
    (
        "hides a command",
        r"\b(?:instead|then)\s*,?\s+(?:output|respond|reply|answer)\s+(?:only\s+)?(?:with\s+)?"
        r"[\"'][^\"'\n]{1,80}[\"']\s+(?:to|for)\s+(?:every|all|any)",
        ("instead", "then"),
    ),
    (
        "carries data away",
        r"\b(?:send|post|upload|exfiltrate)\s+(?:the|your|all|this)\s+"
        r"(?:conversation|data|prompt|secrets?|keys?|credentials)\s+to\s+(?:https?://|\S+@)",
        ("send", "post", "upload", "exfiltrate"),
    ),
)
_SECRETS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("private key", r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----", ("private key",)),
    ("AWS key", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b", ("akia", "asia")),
    ("OpenAI-like key", r"\bsk-(?:proj-|ant-|or-)?[A-Za-z0-9_-]{20,300}", ("sk-",)),
    (
        "GitHub token",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    ),
    ("Hugging Face token", r"\bhf_[A-Za-z0-9]{30,}", ("hf_",)),
    ("Google key", r"\bAIza[0-9A-Za-z_-]{35}", ("aiza",)),
    ("Slack token", r"\bxox[abprs]-[A-Za-z0-9-]{10,}", ("xox",)),
    ("Stripe key", r"\b[rs]k_live_[A-Za-z0-9]{16,}", ("k_live_",)),
    ("JSON web token", r"\beyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{10,1000}", ("eyj",)),
    ("password in a URL", r"\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s/:@]{1,64}:[^\s/@]{3,64}@[\w.-]+", ("://",)),
    (
        "assigned secret",
        r"(?i:\b(?:api[_-]?key|secret[_-]?key|access[_-]?token|auth[_-]?token|client[_-]?secret)\b)"
        r"[\"']?\s{0,3}[:=]\s{0,3}[\"']?[A-Za-z0-9_/+.-]{16,200}",
        ("key", "token", "secret"),
    ),
)
_EMAIL = (
    r"(?<![\w.@/:%+-])[A-Za-z0-9._%+-]{1,64}@(?!(?:[\w-]+\.)*example\.(?:com|org|net))"
    r"(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}\b(?!:[\w~/])"
)
MANY_DIGITS = 9
_DIGITS = re.compile(rf"\d(?:[ ().-]{{0,2}}\d){{{MANY_DIGITS - 1}}}")
_PERSONAL = (
    ("telephone number", r"(?<![\w.+-])\+\d{1,3}[ .-]?(?:\(?\d{2,4}\)?[ .-]?){2,4}\d{2,4}(?![\w-])"),
    ("telephone number", r"(?<![\w.+-])(?:\(\d{3}\) ?|\d{3}[.-])\d{3}[.-]\d{4}(?![\w-])"),
    ("social security number", r"(?<![\d-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])"),
    ("card number", r"(?<!\d)(?<!\d[.-])(?:\d[ -]?){12,18}\d(?!\d|[.-]\d)"),
)
_IBAN = r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b"
_INVISIBLE = (
    r"[\u200b\u2060-\u2064\u202a-\u202e\u2066-\u2069\x00-\x08\x0e-\x1f]"
    r"|(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0000-\U000e007f]"
)
"""Tags after a black flag are the flag of a country, not hidden text."""
_APART = r"(?<!\w)(?:\w[ \t._-]{1,4}){11,400}\w(?!\w)"
_BLOB = r"(?=[A-Za-z+/=]*\d)(?=[\d+/=]*[A-Za-z])[A-Za-z0-9+/=]{120,}"


@cache
def worded_rules() -> tuple[Rule, ...]:
    """Rules for any text: instructions, secrets, addresses, characters that cannot be seen."""
    return tuple(_worded())


@cache
def digit_rules() -> tuple[Rule, ...]:
    """Rules for texts in which many digits stand together."""
    checked = {"card number": _card}
    found = [Rule("personal", name, compiled_later(pattern), holds=checked.get(name)) for name, pattern in _PERSONAL]
    return (*found, Rule("personal", "IBAN", compiled_later(_IBAN), holds=_iban))


@cache
def sieve() -> LiteralFilter:
    """Tells for many texts which of the `worded_rules` may find something in each."""
    # with NumPy, which only many texts need
    from datagen_cli.text.literals import NOTHING, LiteralFilter, both, needs_of, one_of

    return LiteralFilter(
        [
            both(needs_of(rule.pattern), NOTHING if rule.beside is None else needs_of(rule.beside), one_of(rule.needs))
            for rule in worded_rules()
        ]
    )


def has_digits(text: str) -> bool:
    """Whether `digit_rules` are worth a try."""
    return _DIGITS.search(text) is not None


def repeated_word(text: str) -> str | None:
    """A word that stands six times in a row, or None; numbers do not count."""
    before, run = "", 0
    for word in text.split():
        run = run + 1 if word == before else 1
        before = word
        if run >= REPEATS and any(char.isalpha() for char in word):
            return " ".join([word] * run)
    return None


def unbroken_blob(text: str) -> str | None:
    """A run of 120 letters and digits, as of base64, outside addresses; or None."""
    words = text.split() if len(text) >= LONG_BLOB else []
    if not words or max(map(len, words)) < LONG_BLOB:
        return None
    for word in words:
        if len(word) >= LONG_BLOB and "://" not in word and (match := re.match(_BLOB, word)):
            return match[0]
    return None


def _worded() -> Iterator[Rule]:
    for name, pattern, needs in _INJECTION:
        yield Rule("injection", name, compiled_later(pattern, re.IGNORECASE | re.MULTILINE), needs)
    for order in orders():
        part, beside = (compiled_later(pattern, re.IGNORECASE | re.MULTILINE) for pattern in (order.part, order.beside))
        yield Rule("injection", order.name, part, order.needs, beside)
    for name, pattern, needs in _SECRETS:
        drawn = _drawn_key if name == "OpenAI-like key" else None
        yield Rule("secret", name, compiled_later(pattern), needs, holds=drawn)
    yield Rule("injection", "hides a command", compiled_later(_APART), holds=_spelled_out)
    yield Rule("personal", "e-mail address", compiled_later(_EMAIL), ("@",))
    yield Rule("outlier", "invisible characters", compiled_later(_INVISIBLE), unseen=True)


def _sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """Where the sentence around a part begins and ends, at most 200 characters before and after it."""
    before = [match.end() for match in _ENDS.finditer(text, max(0, start - _NEAR), start)]
    after = _ENDS.search(text, end, end + _NEAR)
    return (before[-1] if before else max(0, start - _NEAR)), (after.start() if after else min(len(text), end + _NEAR))


def _spelled_out(text: str) -> bool:
    """Whether letters that stand apart are an order: `i g n o r e ...`."""
    joined = re.sub(r"\W|_", "", text).lower()
    return any(word in joined for word in ("ignore", "disregard", "instruct", "systemprompt", "override", "approve"))


def _drawn_key(text: str) -> bool:
    """Whether a key has digits and is no name of a program: `sk-toggleable__content` is none."""
    return any(map(str.isdigit, text)) and "__" not in text


def _card(text: str) -> bool:
    """Luhn's check, for 13 to 19 digits that begin as cards do."""
    digits = [int(char) for char in text if char.isdigit()]
    if not 13 <= len(digits) <= 19 or digits[0] not in (3, 4, 5, 6) or len(set(digits)) == 1:
        return False
    doubled = [2 * digit - 9 * (digit > 4) if place % 2 else digit for place, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _iban(text: str) -> bool:
    compact = text.replace(" ", "")
    turned = compact[4:] + compact[:4]
    return 15 <= len(compact) <= 34 and int("".join(str(int(char, 36)) for char in turned)) % 97 == 1
