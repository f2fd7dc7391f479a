"""Every provider that has no fast path, through litellm, which is imported with the first call (1.9 CPU s, 165 MB).

Its retries, its dropping of parameters, its telemetry and its look for prices on the network are off; its exceptions
become ours. About 3 CPU ms a call, against 0.15 on the fast path.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Mapping
from typing import Any

from datagen_cli.config.models import ModelOptions
from datagen_cli.core.chat import Draw
from datagen_cli.core.errors import MissingExtra
from datagen_cli.llm.faults import SENTENCE_CHARS, Fault, TransportError, fault_of, redact, retry_after_s, says_quota
from datagen_cli.llm.keys import Target, secrets
from datagen_cli.llm.provider import Heard, RawReply

_PREFIX = re.compile(r"^(?:litellm\.)?(?:\w*(?:Error|Timeout): )*(?:\w+Exception - )?")
LOGGERS = ("LiteLLM", "LiteLLM Proxy", "LiteLLM Router", "litellm", "httpx", "openai")


class LiteLLM:
    """One model of litellm's. `target.url` is sent as `api_base` where there is one."""

    def __init__(self, options: ModelOptions, target: Target, *, concurrency: int = 0) -> None:
        self._target = target
        self._secrets = secrets(target, options)
        self._more: dict[str, Any] = {"num_retries": 0, "max_retries": 0, "drop_params": False}
        if target.key:
            self._more["api_key"] = target.key
        if target.url:
            self._more["api_base"] = target.url.removesuffix("/chat/completions")
        if options.headers:
            self._more["extra_headers"] = dict(options.headers)
        self._litellm: Any = None
        self.heard: Heard | None = None

    async def complete(self, payload: Mapping[str, Any], draw: Draw, *, timeout_s: float) -> RawReply:
        """One call. Raises the faults of `llm/faults.py`."""
        if self._litellm is None:
            self._litellm = import_litellm()
        try:
            answer = await self._litellm.acompletion(**{**payload, **self._more, "timeout": timeout_s})
        except Exception as error:  # litellm passes on whatever its providers' packages raise
            raise fault_from(error, self._secrets) from error
        if self.heard is not None:
            said = (getattr(answer, "_hidden_params", None) or {}).get("additional_headers") or {}
            self.heard({str(name).lower(): str(value) for name, value in said.items()})
        return reply_from(answer)

    async def close(self) -> None:
        """Closes litellm's connections."""
        if self._litellm is not None:
            close = getattr(self._litellm, "close_litellm_async_clients", None)
            if close is not None:
                await close()


def import_litellm() -> Any:
    """The package, quiet: no cost map from the network, no telemetry, no log lines, no retries."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    os.environ.setdefault("LITELLM_LOG", "ERROR")
    try:
        import litellm
    except ImportError as error:
        raise MissingExtra(
            "litellm is not installed", "", "litellm", instead="use an OpenAI-compatible base_url"
        ) from error
    litellm.telemetry = False
    litellm.drop_params = False
    litellm.num_retries = 0
    litellm.suppress_debug_info = True
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return litellm


def reply_from(answer: Any) -> RawReply:
    """Our reply of litellm's. Raises `TransportError` when it holds no choice."""
    try:
        choice = answer.choices[0]
        text = choice.message.content or ""
    except (AttributeError, IndexError, TypeError) as error:
        raise TransportError("dropped", "the reply holds no choice", status=200) from error
    usage = getattr(answer, "usage", None)
    return RawReply(
        text if isinstance(text, str) else "".join(str(part.get("text") or "") for part in text),
        str(choice.finish_reason or "stop"),
        getattr(usage, "prompt_tokens", None) or None,
        getattr(usage, "completion_tokens", None) if usage is not None else None,
        str(getattr(answer, "model", "") or ""),
    )


def fault_from(error: Exception, hidden: tuple[str, ...] = ()) -> Fault:
    """Our fault of an exception of litellm or of a provider's package, with its own sentence and without keys."""
    name = type(error).__name__
    said = redact(_sentence(error), hidden)
    headers = getattr(error, "litellm_response_headers", None) or getattr(error, "headers", None)
    wait = retry_after_s(dict(headers), time.time()) if isinstance(headers, Mapping) else None
    status = getattr(error, "status_code", None)
    if name == "Timeout" or isinstance(error, TimeoutError):
        return TransportError("timeout", said, wait, 408)
    if name == "APIConnectionError" or isinstance(error, ConnectionError):
        return TransportError("dropped", said, wait, None)
    if isinstance(status, int):
        quota = status == 429 and says_quota(str(error).encode("utf-8", "replace"))
        return fault_of(status, said, retry_after_s=wait, quota=quota)
    return (
        fault_of(400, said) if isinstance(error, ValueError | TypeError) else TransportError("server", said, wait, None)
    )


def _sentence(error: Exception) -> str:
    """The first line of an exception without litellm's prefixes."""
    text = str(getattr(error, "message", "") or error) or type(error).__name__
    line = text.strip().splitlines()[0] if text.strip() else type(error).__name__
    line = _PREFIX.sub("", line).partition(" Handle with `litellm.")[0]
    return line if len(line) <= SENTENCE_CHARS else line[: SENTENCE_CHARS - 1] + "…"
