"""Prompts of the checks that ask a model, and their replies read back.

What a checker sees is fenced data. A reply that cannot be read is no verdict: the caller says `unknown`.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from datagen_cli.core.chat import Message, Prompt
from datagen_cli.core.digest import digest
from datagen_cli.core.fields import About
from datagen_cli.core.pattern import compiled_later
from datagen_cli.core.task import Form, Task
from datagen_cli.prompts.described import field_words, label_lines
from datagen_cli.prompts.dialogue import before_next_turn
from datagen_cli.prompts.empty_words import is_form
from datagen_cli.prompts.fences import fence
from datagen_cli.prompts.foreign import neutral
from datagen_cli.prompts.quoted import own_objects, own_words, stands_in
from datagen_cli.prompts.rendering import compile_template, shipped_template
from datagen_cli.prompts.reply_json import Finder
from datagen_cli.prompts.response_format import strict_format
from datagen_cli.prompts.sections import sections_form
from datagen_cli.prompts.spoken import inner, named, stated
from datagen_cli.prompts.thinking import answer_of
from datagen_cli.prompts.wording import CHECKER, CODER, ONE_RECORD_FORM, OPERATORS, REWRITER, TEXT_FORM

_BLOCK = compiled_later(r"(?<![`~])(?P<fence>`{3,}(?!`)|~{3,}(?!~))([^\n`]{0,200})\n(.*?)(?:(?P=fence)|\Z)", re.DOTALL)
_OBJECT = compiled_later(r"\{[^{}]*:")
_GOES_ON = compiled_later(r"[\s*\"'#_]*([^\W\d_]+)\s+(?:it|this|that|the|they|there|because|since|as)\b", re.IGNORECASE)
_BEGUN = compiled_later(
    r'(?:```(?:json)?\s*)?\{\s*"verdict"\s*:\s*"([^"\n]{1,40})"(?:\s*,\s*"reasons?"\s*:\s*)?', re.IGNORECASE
)
_WHOLE = compiled_later(r'"(?:[^"\\\n]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"(?=\s*[,\]}])')
VERDICTS = ("verdict", "answer", "result", "decision", "judgement", "judgment")
"""Keys under which checkers answer; the first is asked for."""
WORDS = {
    "yes": ("true", "y", "ja", "oui", "sí", "si", "sim", "да", "是", "はい"),
    "no": ("false", "n", "nein", "non", "não", "nee", "нет", "否", "いいえ"),
}
"""Other words for verdicts."""


@dataclass(frozen=True, slots=True)
class CheckPrompts:
    """The prompts of one check: a system message, and the templates it may render.

    `names` are files of `prompts/templates/` without their ending; `texts` holds templates that stand beside the check
    itself, by name, as those of another package do. A check renders its templates through this, so that its fingerprint
    cannot miss one.
    """

    system: str
    names: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Changes with the system message and with every template."""
        own = [dict(self.texts)] if self.texts else []
        return digest(self.system, [[name, shipped_template(name)] for name in self.names], *own)

    def messages(self, name: str, **variables: Any) -> tuple[Message, ...]:
        """The messages of a template. Raises `KeyError` for one that the check does not name."""
        if name in self.texts:
            source = self.texts[name]
        elif name in self.names:
            source = shipped_template(name)
        else:
            raise KeyError(name)
        asked = compile_template(name, source).render(variables)
        return (Message("system", self.system), Message("user", f"{asked}\n"))


CODE = CheckPrompts(CODER, ("code",))
REVIEW = CheckPrompts(CHECKER, ("review", "rewrite"))
ASK = CheckPrompts(CHECKER, ("ask",))
HARDER = CheckPrompts(REWRITER, ("harder",))


def code_prompt(question: str) -> Prompt:
    """Asks for a program that computes the answer, from the question only."""
    messages = CODE.messages("code", question=fence("question", [question]))
    return Prompt(messages, Task("code", question=question))


def review_prompt(about: About, record: Mapping[str, Any], *, again: bool = False) -> Prompt:
    """Asks whether a record is good and why not; `again` in other words, after a reply that could not be read."""
    messages = REVIEW.messages("review", **of_dataset(about), record=fence("record", [dict(record)]), again=again)
    return Prompt(messages, Task("review", about, record=record))


def rewrite_prompt(about: About, record: Mapping[str, Any], reasons: Sequence[str]) -> Prompt:
    """Asks for a record without its faults: for its text alone where that is all that a model writes."""
    asked, form = about.asked, form_of_rewrite(about)
    keys = ", ".join(f'"{spec.name}"' for spec in asked)
    messages = REVIEW.messages(
        "rewrite",
        **of_dataset(about),
        record=fence("record", [dict(record)]),
        reasons=fence("reasons", reasons),
        answer_form={
            "text": TEXT_FORM,
            "fences": sections_form(asked),
            "json": ONE_RECORD_FORM.format(keys=keys),
        }[form],
    )
    names = tuple(spec.name for spec in asked)
    task = Task("rewrite", about, names, form, record=record, failures=tuple(reasons))
    return Prompt(messages, task)


def harder_prompt(about: About, record: Mapping[str, Any], operator: str, asked: Sequence[str], **names: str) -> Prompt:
    """Asks for the `asked` fields of a harder record; `names` says what `text` and `choices` are called."""
    keys = ", ".join(f'"{name}"' for name in asked)
    messages = HARDER.messages(
        "harder",
        **of_dataset(about),
        record=fence("record", [dict(record)]),
        instruction=OPERATORS[operator].format(**{name: called.replace("_", " ") for name, called in names.items()}),
        answer_form=ONE_RECORD_FORM.format(keys=keys),
    )
    return Prompt(messages, Task("enhance", about, tuple(asked), record=record, more={"operator": operator}))


def form_of_rewrite(about: About) -> Form:
    """How a rewrite is asked for: one text as it is, programs in fences, all else as JSON."""
    if any(spec.code for spec in about.asked):
        return "fences"
    return "text" if len(about.asked) == 1 and about.asked[0].type == "text" else "json"


def ask_prompt(about: About, record: Mapping[str, Any], statement: str, *, again: bool = False) -> Prompt:
    """Asks whether a statement holds of a record; `again` in other words."""
    messages = ASK.messages(
        "ask",
        description=neutral(" ".join(about.description.split())),
        record=fence("record", [dict(record)]),
        statement=neutral(statement),
        again=again,
    )
    return Prompt(messages, Task("ask", about, record=record, statement=statement))


def of_dataset(about: About) -> dict[str, str]:
    """The author's plain words on a dataset."""
    meanings = [f"- {line['value']}: {line['meaning']}" for line in label_lines(about.meanings)]
    return {
        "description": neutral(" ".join(about.description.split())),
        "about_fields": neutral("\n".join(f"- {field_words(spec)}" for spec in about.specs)),
        "meanings": neutral("\n".join(meanings)),
        "rules": neutral("\n".join(f"- {sentence}" for sentence in about.sentences)),
    }


def verdict_format(known: Sequence[str], why: Mapping[str, Any]) -> dict[str, Any]:
    """The `response_format` of a verdict, which comes first, and of why; `why`: name and schema of the reason."""
    return strict_format("verdict", {"verdict": {"type": "string", "enum": list(known)}, **why})


def read_verdict(text: str, known: Sequence[str], shown: Sequence[Any] = ()) -> dict[str, Any] | None:
    """The object whose `verdict` is one of `known`, under a name of `VERDICTS`; plain words count too where they state
    a verdict, begin with one or end with one alone. A form that is given back is none, and so is a verdict that the
    reply contradicts. What the reply repeats of `shown`, the data that it is about, states nothing."""
    answer = answer_of(text)
    found = Finder(frozenset(VERDICTS)).find(answer).items or []
    answers = (item for item in found if isinstance(item, dict) and any(key in item for key in VERDICTS))
    objects = own_objects(answers, VERDICTS, shown)
    words = [*known, *(other for word in known for other in WORDS.get(word, ()))]
    for value in objects:
        said = inner(value, *VERDICTS)
        word = _known_verdict(said, known)
        if word is not None:
            rest = own_words(answer.rpartition("}")[2], shown, words)
            after = [_known_verdict(told, known) for told in stated(rest)]
            return None if {*after} - {word, None} else {**value, "verdict": word}
        if not isinstance(said, str) or not ("|" in said or is_form(said, "verdict")):
            return None
    plain = own_words(answer, shown, words)
    if objects or not plain:
        return None
    first, last = plain.partition("\n")[0], plain.rpartition("\n")[2]
    going_on = _GOES_ON.match(first)
    told = [] if _OBJECT.search(plain) else list(stated(plain))
    begins, ends = [first, *([going_on[1]] if going_on else [])], [last] if len(last.split()) == 1 else []
    verdicts = [[_known_verdict(said, known) for said in some] for some in (told, begins, ends)]
    first_of = [next(filter(None, some), None) for some in verdicts]
    if first_of[0] is not None and {*first_of} - {first_of[0], None}:
        return None  # what is stated may be a quotation of the record
    word = next(filter(None, first_of), None)
    return {"verdict": word} if word is not None else None


def _known_verdict(said: Any, known: Sequence[str]) -> str | None:
    """The verdict that a value names, in its own word or another language's."""
    if isinstance(said, int | float) and not isinstance(said, bool):
        return None
    others = {other: word for word in known for other in WORDS.get(word, ())}
    word = named(said, [*known, *others])
    return others.get(word, word) if word is not None else None


def read_begun_verdict(text: str, known: Sequence[str], shown: Sequence[Any] = ()) -> dict[str, Any] | None:
    """The verdict of a reply that was cut off, where the JSON that was asked for begins with it: what was lost is why.
    `reasons` are those before the cut. An object of `shown`, the data that it is about, is none."""
    answer = answer_of(text).lstrip()
    found = _BEGUN.match(answer)
    word = _known_verdict(found[1], known) if found is not None else None
    if found is None or word is None or (shown and stands_in(answer[answer.index("{") :], shown)):
        return None
    whole = _WHOLE.findall(answer[found.end() :])
    reasons = [str(json.loads(one, strict=False)).encode("utf-8", "replace").decode() for one in whole]
    return {"verdict": word, "reasons": reasons}


def read_program(text: str, *, cut: bool = False) -> str | None:
    """The program of a reply, after its reasoning; None when there is none.

    The last fenced block that says it is Python and reads as a program which prints (other blocks hold its output),
    else the last one that does without saying so, else the last one; without a fence the text itself where it prints.
    Of a reply that was `cut` off only a block that was closed before the cut, says that it is Python, and prints. All
    that may stand in a JSON text, or be the only text of a JSON object.
    """
    text = _out_of_json(answer_of(text))
    text = before_next_turn(text) or text
    found = [match for match in _BLOCK.finditer(text) if not cut or match[0].endswith(match["fence"])]
    found_blocks = [(match[2].strip().lower(), match[3].strip()) for match in found]
    blocks = [(language.split(" ")[0], block) for language, block in found_blocks if block]
    named = [block for language, block in blocks if language in ("python", "py", "python3")]
    if cut:
        return next((block for block in reversed(named) if _prints(block)), None)
    programs = [[block for block in some if _prints(block)] for some in (named, [block for _, block in blocks])]
    for some in (*programs, named, [block for _, block in blocks]):
        if some:
            return str(some[-1])
    return text.strip() if _prints(text) else None


def _out_of_json(text: str) -> str:
    """The text that a JSON text, or an object with no other text, holds; anything else as it is."""
    if not text.lstrip().startswith(('"', "{")):
        return text
    try:
        value = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return text
    texts = [item for item in value.values() if isinstance(item, str)] if isinstance(value, dict) else [value]
    return str(texts[0]) if len(texts) == 1 and isinstance(texts[0], str) else text


def _prints(text: str) -> bool:
    """Whether a text is a program with a call of `print` or of `write`."""
    if "print(" not in text and ".write(" not in text:
        return False
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(text)
        called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(getattr(name, "id", "") == "print" or getattr(name, "attr", "") == "write" for name in called)


def read_object(text: str, *keys: str) -> dict[str, Any] | None:
    """The last object of a reply that has one of the keys, read as tolerantly as records are; None without one."""
    found = Finder(frozenset(keys), wrapper="records").find(answer_of(text))
    value = found.items[0] if found.items else None
    return value if isinstance(value, dict) and any(key in value for key in keys) else None
