"""Every provider that has no fast path, through litellm, which is imported with the first call (1.9 CPU s, 165 MB).

Its retries, its dropping of parameters, its telemetry, its `.env` and its look for prices on the network are off; its
exceptions become ours. It is always told the address, and what it sends goes to that host only (`llm/one_host.py`).
Answers in OpenAI's form, and errors, are read from what came, as on the fast path; litellm reads those of other forms.
About 3 CPU ms a call, against 0.15 on the fast path.
"""

from __future__ import annotations

import difflib
import json
import logging
import os
import re
import time
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from urllib.request import getproxies

from datagen_cli.config.models import ModelOptions
from datagen_cli.core import registry
from datagen_cli.core.chat import Draw
from datagen_cli.core.errors import MissingExtra, UsageError
from datagen_cli.core.proxies import proxy_for, safe_proxy, spare_proxy
from datagen_cli.llm.completion import is_completion, read_reply
from datagen_cli.llm.faults import (
    SENTENCE_CHARS,
    AuthRefused,
    Fault,
    RequestRefused,
    TransportError,
    fault_in,
    fault_of,
    redact,
    refused_by,
    sentence_of,
)
from datagen_cli.llm.keys import (
    ANY,
    Target,
    address_of,
    allowed_hosts,
    foreign_key,
    guard_key,
    is_loopback,
    moved_to,
    secrets,
)
from datagen_cli.llm.one_host import Answer, only_to
from datagen_cli.llm.provider import Heard, ProviderFacts, RawReply
from datagen_cli.llm.refusals import About, says_quota
from datagen_cli.llm.turned_away import reply_in_error
from datagen_cli.llm.vendors import (
    Vendor,
    is_host_of,
    litellm_prefixes,
    names_of_address,
    prefix_of,
    vendor_of_name,
    vendors,
)

_PREFIX = re.compile(r"^(?:litellm\.)?(?:\w*(?:Error|Timeout): )*(?:\w+Exception - )?")
_BROKEN = re.compile(r"server disconnected|connection (reset|refused|closed|error)|cannot connect", re.IGNORECASE)
_MODULE = re.compile(r"no module named|pip install ", re.IGNORECASE)
_CREDENTIALS = re.compile(
    r"(?:locate|find|found|load|no|missing)\b[^.]{0,40}credentials|credentials[^.]{0,30}not found", re.I
)
_UNSENT = re.compile(r"connection (refused|error)|cannot connect", re.IGNORECASE)
_REGION = re.compile(r"bedrock(?:_\w+)?/([a-z]{2,4}(?:-[a-z]+)+-\d)/")
"""The region in a name such as `bedrock/us-west-2/anthropic.claude-v2`."""
OTHER_NAMES = {
    "aws": "bedrock",
    "claude": "anthropic",
    "google": "gemini",
    "grok": "xai",
    "kimi": "moonshot",
    "qwen": "dashscope",
}
"""Other names for a provider, and its name here."""
UNCLEAR = 400
"""A status under which some vendors refuse a key or a model, as litellm can tell."""
MEANT: dict[int, About] = {401: "key", 402: "account", 403: "key", 404: "model"}
"""What a refusal is about, as litellm can tell by the status that it gives it."""
LOGGERS = ("LiteLLM", "LiteLLM Proxy", "LiteLLM Router", "litellm", "httpx", "openai")


class LiteLLM(ProviderFacts):
    """Any other model that litellm knows by name, such as `anthropic/…`.

    `target.url` is sent as `api_base`.
    """

    streams = True

    @classmethod
    def forms(cls) -> tuple[str, ...]:
        """Too many to list."""
        return ("the names of litellm",)

    @classmethod
    def claims(cls, options: ModelOptions) -> bool:
        """Whatever no other provider claims: it is the last of the shelf. `locate` tells whether it is known."""
        return True

    @classmethod
    def locate(cls, options: ModelOptions, environ: Mapping[str, str], allow_hosts: Collection[str]) -> Target:
        """The target through litellm; whether it knows the vendor is looked up in its table, without importing it."""
        prefix = prefix_of(options.name)
        if not prefix or prefix not in litellm_prefixes():
            raise _unknown(options, prefix)
        vendor = vendor_of_name(prefix)
        key_env = options.api_key_env
        if key_env is None and vendor.keys:
            key_env = next((name for name in vendor.keys if environ.get(name)), vendor.keys[0])
            if vendor.keyless and not environ.get(key_env):
                key_env = None
        base = _base_of(options, prefix, vendor, environ)
        _, host, name = address_of(options, base)
        loopback = is_loopback(host)
        if not loopback:
            allowed = allowed_hosts(environ, allow_hosts)
            if not is_host_of(vendor, host) and not allowed & {host, name, ANY}:  # it may find credentials of its own
                raise foreign_key(options.name, key_env, name)
            if key_env:
                guard_key(options.name, key_env, host, name, base, allowed)
        return Target("litellm", options.name, base, name, loopback, key_env)

    def __init__(self, options: ModelOptions, target: Target, *, concurrency: int = 0) -> None:
        if target.url is None:
            raise UsageError(f"model {options.name}: its address is not known")
        safe_proxy(options.name, target.url, loopback=target.loopback, secret=target.holds_secrets)
        self._target = target
        self._url = target.url
        self._secrets = secrets(target)
        self._more: dict[str, Any] = {"num_retries": 0, "max_retries": 0, "drop_params": False, "api_base": target.url}
        if target.key:
            self._more["api_key"] = target.key.reveal()
        if target.headers:
            self._more["extra_headers"] = {name: value.reveal() for name, value in target.headers}
        self._litellm: Any = None
        self.heard: Heard | None = None

    async def complete(self, payload: Mapping[str, Any], draw: Draw, *, timeout_s: float) -> RawReply:
        """One call. Raises the faults of `llm/faults.py`."""
        if self._litellm is None:
            self._litellm = import_litellm()
            if getproxies() and (self._target.loopback or proxy_for(self._url) is None):
                spare_proxy(self._url)
        failed: Exception | None = None
        answer: Any = None
        with only_to(self._url) as way:
            try:
                answer = await self._litellm.acompletion(**{**payload, **self._more, "timeout": timeout_s})
                if payload.get("stream"):
                    parts = [json.dumps(part.model_dump(), default=str) async for part in answer]
                    return read_reply(as_stream(parts), self._secrets, kind="text/event-stream")
            except Fault:
                raise
            except Exception as error:  # litellm passes on whatever its providers' packages raise
                failed = error
        came = way.answer
        if came is not None and self.heard is not None:
            self.heard(came.headers)
        if came is not None and 200 <= came.status < 300 and came.body is not None:
            kind = came.headers.get("content-type", "")
            stumbled = failed is not None and getattr(failed, "status_code", None) in (None, 200, 500)
            if is_completion(came.body, kind) or stumbled:  # it could not read what came, or need not
                return read_reply(came.body, self._secrets, kind=kind)
        if came is not None and (written := reply_in_error(came.body or b"")) is not None:
            return written
        if failed is not None and way.refused:
            proxy = proxy_for(self._url)
            raise refused_by(f"{proxy.host}:{proxy.port}" if proxy else "in between", way.refused) from None
        if failed is not None or (came is not None and came.status >= 300):
            raise fault_from(failed, self._secrets, came, way.reached) from None  # litellm's own may hold the key
        return read_reply(json.dumps(answer.model_dump(), default=str).encode(), self._secrets)

    async def close(self) -> None:
        if self._litellm is not None:
            close = getattr(self._litellm, "close_litellm_async_clients", None)
            if close is not None:
                await close()


def import_litellm() -> Any:
    """The package, quiet: no cost map from the network, no `.env`, no `.netrc`, no telemetry, no log lines, no
    retries."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    os.environ["LITELLM_MODE"] = "PRODUCTION"  # else it reads a .env of any folder above into the environment
    os.environ["USE_LITELLM_PROXY"] = "False"  # else it hands all calls to another server
    os.environ["NETRC"] = os.devnull  # else, with AIOHTTP_TRUST_ENV, a password of `.netrc` goes with the key
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


def as_stream(parts: Iterable[str]) -> bytes:
    """Events of a stream, as they come over HTTP."""
    return "".join(f"data: {part}\n\n" for part in (*parts, "[DONE]")).encode("utf-8", "replace")


def fault_from(
    error: Exception | None, hidden: tuple[str, ...] = (), came: Answer | None = None, reached: bool | None = None
) -> Fault:
    """Our fault of an exception of litellm or of a provider's package: of the answer that `came`, where one did, else
    of the exception's own sentence; without keys. `reached` says whether the request got there, where that is known."""
    name, status = type(error).__name__, getattr(error, "status_code", None)
    if came is not None and came.unread and 200 <= came.status < 300:
        return came.unread
    if came is not None and not 200 <= came.status < 300:
        fault = fault_in(came.status, came.headers, came.body or b"", hidden, time.time())
        if came.status == UNCLEAR and status in MEANT and isinstance(fault, RequestRefused):
            return AuthRefused(came.status, fault.message, MEANT[status])
        return fault
    error = error or ValueError("no answer")
    said = _sentence(error, hidden)
    if name == "UnsupportedParamsError":
        return RequestRefused(None, said)  # by litellm; nothing was sent
    if name == "Timeout" or isinstance(error, TimeoutError):
        return TransportError("timeout", said, status=408)
    if came is None and _MODULE.search(said):
        return AuthRefused(None, said, "package")  # nothing was sent
    if came is None and _CREDENTIALS.search(said):
        return AuthRefused(None, said, "access")
    if reached is not None and came is None:
        return TransportError("dropped", said, sent=reached, absent=not reached and _UNSENT.search(said) is not None)
    broken = status == 500 and _BROKEN.search(said) is not None  # as litellm tells a connection that broke
    if name == "APIConnectionError" or isinstance(error, ConnectionError) or broken:
        return TransportError("dropped", said, sent=not (broken and _UNSENT.search(said)))
    if isinstance(status, int):
        return fault_of(status, said, quota=status == 429 and says_quota(str(error).encode("utf-8", "replace")))
    return fault_of(400, said) if isinstance(error, ValueError | TypeError) else TransportError("server", said)


def _sentence(error: Exception, hidden: Collection[str]) -> str:
    """The first line of an exception without litellm's prefixes and without what is `hidden`."""
    text = str(getattr(error, "message", "") or error) or type(error).__name__
    line = text.strip().splitlines()[0] if text.strip() else type(error).__name__
    line = _PREFIX.sub("", line).partition(" Handle with `litellm.")[0].strip()
    if line.startswith(("{", "[")):
        return redact(sentence_of(line.encode("utf-8", "replace"), getattr(error, "status_code", None) or 500, hidden))
    line = redact(line, hidden)
    return line if len(line) <= SENTENCE_CHARS else line[: SENTENCE_CHARS - 1] + "…"


def _base_of(options: ModelOptions, prefix: str, vendor: Vendor, environ: Mapping[str, str]) -> str:
    """The address that litellm is given: the environment's for this provider, else the vendor's.

    Raises `UsageError` when nobody says it: litellm would choose one itself, which nothing could be held to.
    """
    named = names_of_address(prefix, vendor)
    moved = moved_to(options, named, environ, bare=False)
    if moved:
        return moved
    base = vendor.litellm
    if base is None:
        raise UsageError(
            f"model {options.name}: the address of {prefix} is not known",
            hint=f"export {named[0]}=https://..., or give the model a base_url that is OpenAI-compatible",
        )
    region = _REGION.match(options.name)
    for names in re.findall(r"\{(.*?)\}", base):
        value = next((environ[name] for name in names.split("|") if environ.get(name)), "")
        value = region[1] if region else value
        if not re.fullmatch(r"[a-z][a-z0-9-]*[a-z0-9]", value):
            raise UsageError(
                f"model {options.name}: its region is not known", hint=f"export {names.partition('|')[0]}=..."
            )
        base = base.replace(f"{{{names}}}", value)
    return base


def _unknown(options: ModelOptions, prefix: str) -> UsageError:
    """The error for a name that neither we nor litellm know, with the nearest that there is."""
    forms = [form for name in registry.names("providers") for form in registry.load("providers", name).forms()]
    named = {form.partition("/")[0]: form for form in (*(f"{prefix}/..." for prefix in vendors()), *forms)}
    near = difflib.get_close_matches(prefix or options.name, named, n=1, cutoff=0.6)
    if prefix in OTHER_NAMES:
        near = [OTHER_NAMES[prefix]]
    hint = f"did you mean {named[near[0]]}?" if near else f"known: {', '.join(forms[:-1])} and {forms[-1]}"
    return UsageError(f"model {options.name}: unknown provider", hint=f"{hint} (or give its base_url)")
