"""One word from a model, asked as a run asks: whether it answers, and what would be amended. Used by `doctor`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from datagen_cli.config.environment import read_environment
from datagen_cli.config.load import load_recipe
from datagen_cli.core.chat import Draw, Message, Request
from datagen_cli.core.errors import CallPending, CallRefused, DatagenError, UsageError
from datagen_cli.pipeline.connect import check_models, open_client
from datagen_cli.pipeline.engines.local import LocalEngine
from datagen_cli.pipeline.questions import Noted
from datagen_cli.prompts.response_format import strict_format

WAIT_S = 20.0
"""The longest wait where the model's own `timeout_s` says no other."""
FORMAT = strict_format("word", {"word": {"type": "string"}})
MESSAGES = (
    Message("system", "You answer with one JSON object and nothing else."),
    Message("user", 'Answer with {"word": "ready"}'),
)


def ping(name: str, allow_hosts: Sequence[str]) -> tuple[bool, str]:
    """Whether the model answers what a run sends (a system message, `response_format`, `seed`, `max_tokens`), and a
    sentence: its words and what was amended for it, or what is wrong. Waits for the model's own `timeout_s`, or for
    `WAIT_S` where none is given.

    Raises `UsageError` for a name that no model can have, and for a file that holds none.
    """
    environ = read_environment(os.environ, Path.cwd())
    try:
        recipe = load_recipe("quickstart", model=[name], environ=environ, cwd=Path.cwd())
        model = recipe.models["generator"][0]
        own = "timeout_s" in model.model_fields_set
        wait_s = model.timeout_s if own else WAIT_S
        waits = [f"model.timeout_s={wait_s:g}", f"model.deadline_s={wait_s:g}", f"limits.patience_s={10 * wait_s:g}"]
        recipe = load_recipe("quickstart", model=[name], overrides=waits, environ=environ, cwd=Path.cwd())
        check_models(recipe)
        engine = LocalEngine()
        notes: list[str] = []

        async def ask() -> tuple[bool, str]:
            client = open_client(
                recipe, cache=None, observer=Noted(notes.append), environ=environ, allow_hosts=allow_hosts
            )
            try:
                reply = await client.ask(Request("generator", MESSAGES, Draw(0, 1, "ping"), FORMAT))
                text = " ".join(reply.text.split())[:60]
                if not text and reply.finish_reason == "length":
                    return (False, "thinks until max_tokens and answers nothing: raise max_tokens")
                return True, "; ".join([f"answers: {text}", *notes])
            finally:
                await client.close()

        return engine.run(ask)
    except CallPending as error:
        more = "as the model's timeout_s says" if own else "a timeout_s of the model says another time"
        return False, f"{error}; doctor waits {wait_s:g} s ({more})"
    except CallRefused as error:
        return False, str(error)
    except UsageError:
        raise  # a name that cannot be: nothing was asked
    except DatagenError as error:
        return False, f"{error}" + (f" ({error.hint})" if error.hint else "")
