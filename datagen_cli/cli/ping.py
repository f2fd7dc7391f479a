"""One word from a model: whether it answers. Used by `doctor`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datagen_cli.config.environment import read_environment
from datagen_cli.config.load import load_recipe
from datagen_cli.core.chat import Draw, Message, Request
from datagen_cli.core.errors import CallPending, CallRefused, DatagenError, UsageError
from datagen_cli.pipeline.connect import open_client
from datagen_cli.pipeline.engines.local import LocalEngine

WAIT = ("model.timeout_s=20", "model.deadline_s=20", "model.max_tokens=16", "limits.patience_s=20")


class _Silent:
    """An observer that hears nothing."""

    def event(self, kind: str, **facts: Any) -> None:
        """See `core.ports.Observer`."""


def ping(name: str, allow_hosts: Sequence[str]) -> tuple[bool, str]:
    """Whether the model answers, and a sentence: its words, or what is wrong.

    Raises `UsageError` for a name that no model can have.
    """
    environ = read_environment(os.environ, Path.cwd())
    try:
        recipe = load_recipe("quickstart", model=[name], overrides=list(WAIT), environ=environ, cwd=Path.cwd())
        engine = LocalEngine()

        async def ask() -> str:
            client = open_client(
                recipe, cache=None, observer=_Silent(), environ=environ, allow_hosts=allow_hosts, plant=_drop
            )
            try:
                message = Message("user", "Answer with the single word: ready")
                reply = await client.ask(Request("generator", (message,), Draw(0, 1, "ping")))
                return " ".join(reply.text.split())[:60]
            finally:
                await client.close()

        return True, f"answers: {engine.run(ask)}"
    except (CallPending, CallRefused) as error:
        return False, str(error)
    except UsageError:
        raise  # a name that cannot be: nothing was asked
    except DatagenError as error:
        return False, f"{error}" + (f" ({error.hint})" if error.hint else "")


def _drop(plant: dict[str, Any]) -> None:
    """A ping's plants are of no use."""
