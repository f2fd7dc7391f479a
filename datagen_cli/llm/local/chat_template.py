"""The chat templates in a local model's folder, and the control tokens of its tokenizer: somebody else's marks.

Control tokens in a message are broken by a space after their first sign, so that no text of a base or of a model
becomes a turn of the conversation, whatever the tokenizer calls its tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datagen_cli.core.files import parse_object
from datagen_cli.core.system import read_given
from datagen_cli.llm.chat_template import refuse_templates

FILES = ("chat_template.jinja", "chat_template.json", "tokenizer_config.json")
_MARK = re.compile(r"[^\w\s].*[^\w\s]", re.DOTALL)


def has_chat_template(name: str, folder: Path) -> bool:
    """Whether a model's folder has a chat template. Raises `UsageError` for one that runs or grows without end."""
    sources = list(_templates(folder))
    refuse_templates(f"local/{name}", sources)
    return bool(sources)


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
        for one in said if isinstance(said, list) else [said]:
            text = one.get("template") if isinstance(one, dict) else one
            if text and isinstance(text, str):
                yield text
