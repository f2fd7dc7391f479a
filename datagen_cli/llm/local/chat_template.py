"""The chat template and the control tokens of a local model, as what they are: somebody else's program and marks.

A template is tried on a short conversation before the weights are loaded, within the bounds of `text.templating`, and
every use of it ends after `PATIENCE_S`. Control tokens in a message are broken by a space after their first sign, so
that no text of a base or of a model becomes a turn of the conversation, whatever the tokenizer calls its tokens.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from datagen_cli.core.errors import UsageError
from datagen_cli.core.files import parse_object
from datagen_cli.core.system import read_given

PATIENCE_S = 5.0
FILES = ("chat_template.jinja", "chat_template.json", "tokenizer_config.json")
_ROLES = ("system", "user", "assistant", "user", "assistant", "user")
_TRIAL = [{"role": role, "content": f"the {role} says this"} for role in _ROLES]
_MARK = re.compile(r"[^\w\s].*[^\w\s]", re.DOTALL)


def has_chat_template(name: str, folder: Path) -> bool:
    """Whether a model's folder has a chat template. Raises `UsageError` for one that runs or grows without end."""
    found = False
    for source in _templates(folder):
        found = True
        reason = _too_much(source)
        if reason:
            raise UsageError(
                f"model local/{name}: its chat template is given up: {reason}",
                hint="a template should only join messages; take the model from where it was published",
            )
    return found


def control_tokens(tokenizer: Any) -> re.Pattern[str] | None:
    """What finds the tokens of a tokenizer that steer a conversation, to be used by `plain`; None where it has none."""
    added = getattr(tokenizer, "added_tokens_decoder", {}) or {}
    names = {str(token) for token in getattr(tokenizer, "all_special_tokens", ())}
    names |= {str(getattr(token, "content", token)) for token in added.values()}
    marks = sorted((name for name in names if len(name) > 2 and _MARK.fullmatch(name)), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, marks))) if marks else None


def plain(text: str, controls: re.Pattern[str] | None) -> str:
    """The text as a tokenizer takes it: half a surrogate pair becomes a question mark, control tokens are broken."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    while controls is not None and (broken := controls.sub(_broken, text)) != text:
        text = broken
    return text


def _broken(found: re.Match[str]) -> str:
    return f"{found[0][0]} {found[0][1:]}"


def _templates(folder: Path) -> Iterator[str]:
    """The sources of a folder's templates: a file of their own, or a text or a list in the tokenizer's settings."""
    for file in FILES:
        path = folder / file
        if not path.is_file():
            continue
        try:
            content = read_given(path, 100_000_000)
        except OSError:
            continue
        if file.endswith(".jinja"):
            yield content.decode("utf-8", "replace")
            continue
        said = (parse_object(content) or {}).get("chat_template")
        several = said if isinstance(said, list) else [said] if said else []
        yield from _texts(several)


def _texts(several: Iterable[Any]) -> Iterator[str]:
    for one in several:
        text = one.get("template") if isinstance(one, dict) else one
        if isinstance(text, str):
            yield text


def _too_much(source: str) -> str:
    """Why a template is given up, or an empty text; what else is wrong with it is said when it is used."""
    from jinja2 import Undefined

    from datagen_cli.core.budget import TooMuch
    from datagen_cli.text.templating import Environment, Template, TemplateProblem

    def refuse(message: str) -> str:
        raise ValueError(message)

    environment = Environment(
        undefined=Undefined, trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.filters["tojson"] = lambda value, **options: json.dumps(value)
    environment.globals |= {"raise_exception": refuse, "strftime_now": lambda form: "2024-01-01"}
    variables = {
        "messages": _TRIAL,
        "add_generation_prompt": True,
        "bos_token": "<s>",
        "eos_token": "</s>",
        "tools": None,
    }
    try:
        Template(environment, source, bounded=True).render(variables)
    except TemplateProblem as problem:
        return str(problem) if isinstance(problem.__cause__, TooMuch) else ""
    return ""
