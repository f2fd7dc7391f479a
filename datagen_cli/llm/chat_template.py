"""Chat templates of models (Jinja), as what they are: somebody else's programs.

`refuse_templates` tries each on a short conversation before any weights are loaded, within the bounds of
`text.templating`. `ChatTemplate` writes conversations with one in a process of its own, which imports nothing of a
model's and keeps the same bounds, whatever thread asks. What a template finds there is what Hugging Face gives it: the
messages, the names of special tokens, `raise_exception`, `strftime_now`, `tojson`, and the tags for loops and for what
the assistant says.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Undefined, nodes
from jinja2.exceptions import TemplateError
from jinja2.ext import Extension
from jinja2.parser import Parser

from datagen_cli.core.budget import TooMuch
from datagen_cli.core.errors import UsageError
from datagen_cli.text.templating import Environment, Template, TemplateProblem

PATIENCE_S = 60.0
"""How long the process may take to answer at all; the template's own bound is one of CPU time."""
MOST_CHARACTERS = 10_000_000
_ROLES = ("system", "user", "assistant", "user", "assistant", "user")
_TRIAL = [{"role": role, "content": f"the {role} says this"} for role in _ROLES]
_ROOT = Path(__file__).resolve().parents[2]
_TRIAL_TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}
_BOOT = (
    "import sys; sys.path.append(sys.argv[1]); from datagen_cli.llm import chat_template; sys.path.pop(); "
    "chat_template.serve()"
)


class GivenUp(Exception):
    """A template that took too much; the text says of what."""


def refuse_templates(shown: str, sources: Iterable[str]) -> None:
    """Raises `UsageError` for a template that runs or grows without end. What else is wrong with one is said when it is
    used."""
    for source in sources:
        try:
            _compiled(source).render({**_TRIAL_TOKENS, **_around(_TRIAL)})
        except TemplateProblem as problem:
            if isinstance(problem.__cause__, TooMuch):
                raise UsageError(
                    f"model {shown}: its chat template was stopped: {problem}",
                    hint="a template should only join messages; take the model from where it was published",
                ) from problem


class ChatTemplate:
    """A template and the names of its special tokens, in a process that starts with the first conversation."""

    def __init__(self, source: str, tokens: Mapping[str, Any]) -> None:
        self._told = {"source": source, "tokens": dict(tokens)}
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def of(cls, tokenizer: Any) -> ChatTemplate | None:
        """What a tokenizer uses for a plain conversation; None where it has nothing for it."""
        if not getattr(tokenizer, "chat_template", None):
            return None
        try:
            return cls(tokenizer.get_chat_template(), tokenizer.special_tokens_map)
        except ValueError:  # it has several, and none of them is the usual one
            return None

    def write(self, messages: Sequence[Mapping[str, str]]) -> str:
        """The text of a conversation, up to where the answer begins. Raises `GivenUp`, and `TemplateError` where the
        template does not take the messages."""
        said = self._asked(messages) or {"given_up": f"it takes more than {PATIENCE_S:g} s, or all memory"}
        if "given_up" in said:
            raise GivenUp(said["given_up"])
        if "refused" in said:
            raise TemplateError(said["refused"])
        return str(said["text"])

    def _asked(self, messages: Sequence[Mapping[str, str]]) -> dict[str, str] | None:
        """What the process answers; None where it ended instead."""
        process = self._process
        if process is None or process.poll() is not None:
            process = self._process = self._started()
        assert process.stdin is not None and process.stdout is not None
        clock = threading.Timer(PATIENCE_S, process.kill)
        clock.start()
        try:
            process.stdin.write(_line(messages))
            process.stdin.flush()
            answer: dict[str, str] | None = json.loads(process.stdout.readline() or b"null")
        except OSError:
            answer = None
        finally:
            clock.cancel()
        if answer is None:
            _end(process)
        return answer

    def _started(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", _BOOT, str(_ROOT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        weakref.finalize(self, _end, process)
        assert process.stdin is not None
        process.stdin.write(_line(self._told))
        return process


def serve() -> None:
    """The process: a line for the template, then a line for every conversation, each answered by one."""
    told = json.loads(sys.stdin.readline())
    template: Template | None = None
    for line in sys.stdin:
        try:
            template = template or _compiled(told["source"])
            answer = {"text": template.render({**told["tokens"], **_around(json.loads(line))})}
        except TemplateProblem as problem:
            answer = {"given_up" if isinstance(problem.__cause__, TooMuch) else "refused": str(problem)}
        sys.stdout.buffer.write(_line(answer))
        sys.stdout.buffer.flush()


class _Generation(Extension):
    """The tags around what the assistant says, of which only the inside counts here."""

    tags = {"generation"}  # noqa: RUF012  as Jinja declares it

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """What stands between the tags."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _compiled(source: str) -> Template:
    """A template in the surroundings that Hugging Face gives it. Raises `TemplateProblem`."""
    extensions = ["jinja2.ext.loopcontrols", _Generation]
    environment = Environment(undefined=Undefined, trim_blocks=True, lstrip_blocks=True, extensions=extensions)
    environment.filters["tojson"] = _as_json
    environment.globals |= {"raise_exception": _refuse, "strftime_now": lambda form: datetime.now().strftime(form)}
    return Template(environment, source, bounded=True, most_characters=MOST_CHARACTERS)


def _around(messages: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    return {"messages": messages, "add_generation_prompt": True, "tools": None, "documents": None}


def _refuse(message: str) -> str:
    raise TemplateError(message)


def _as_json(
    value: Any, ensure_ascii: bool = False, indent: Any = None, separators: Any = None, sort_keys: bool = False
) -> str:
    """JSON without the escapes that HTML needs."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _line(value: Any) -> bytes:
    return json.dumps(value).encode() + b"\n"


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(OSError):
                stream.close()
