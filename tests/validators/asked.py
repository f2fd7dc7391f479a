"""A context whose models answer from a script, for checks that ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from datagen_cli.core.chat import Prompt, Reply

Script = Callable[[str, int, str], str | Reply]


class Scripted:
    """Implements `core.ports.Context`: `script(purpose, k, text of the last message)` is the reply's text.

    `asked` lists (role, purpose, k) of every call, `ends` where fitting replies to them end.
    """

    slot = 0
    attempt = 1
    unsafe_exec = False

    def __init__(self, script: Script) -> None:
        self._script = script
        self.asked: list[tuple[str, str, int]] = []
        self.ends: list[Any] = []

    async def ask(
        self,
        role: str,
        prompt: Prompt | None,
        *,
        purpose: str,
        k: int = 0,
        response_format: Mapping[str, Any] | None = None,
        more_tokens: int = 1,
        end: Any = None,
        several: bool = False,
        group: Mapping[str, Any] | None = None,
    ) -> Reply:
        """See `core.ports.Context`."""
        assert prompt is not None
        self.asked.append((role, purpose, k))
        self.ends.append(end)
        said = self._script(purpose, k, prompt.messages[-1].content)
        return said if isinstance(said, Reply) else Reply(said)

    def note(self, text: str) -> None:
        """Nobody is told."""

    async def run_blocking(self, function: Callable[..., Any], *args: Any, anywhere: bool = False) -> Any:
        """Runs it at once."""
        return function(*args)
