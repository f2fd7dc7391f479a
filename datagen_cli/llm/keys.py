"""From a model mapping to where its calls go and with which key; and the rule that a key goes nowhere else.

A vendor's key is sent to that vendor's hosts, to loopback, and to hosts that the user allowed by `--allow-host` or
`DATAGEN_ALLOW_HOSTS`. Everything is decided before anything is sent. Nothing is contacted here.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from datagen_cli.catalog import CATALOG
from datagen_cli.config.models import ModelOptions
from datagen_cli.core import registry
from datagen_cli.core.errors import ProviderError, UsageError
from datagen_cli.llm.vendors import (
    DROP_INS,
    KEYLESS,
    VENDORS,
    is_host_of,
    litellm_catalog,
    litellm_prefixes,
    vendor_of_key,
)

ANY = "*"
ALLOW_HOSTS_ENV = "DATAGEN_ALLOW_HOSTS"
OWN_KEYS = ("messages", "model", "stream", "n")
KNOWN = "known: offline, local/..., openai/..., hosted_vllm/..., ollama/..., lm_studio/... and the names of litellm"


@dataclass(frozen=True, slots=True)
class Target:
    """Where the calls of a model go. `kind` is a provider's name in the catalog; `model` is the name as sent.

    `url` is the address that is posted to (fast path) or litellm's api_base, or None; `host` is what would be
    contacted, None for nothing (`offline`). `key` is the secret itself and never printed.
    """

    kind: str
    model: str
    url: str | None = None
    host: str | None = None
    loopback: bool = False
    key_env: str | None = None
    key: str | None = field(default=None, repr=False)

    @property
    def label(self) -> str:
        """For messages: `gpt-4o-mini at api.openai.com`."""
        return f"{self.model} at {self.host}" if self.host else self.model

    @property
    def identity(self) -> dict[str, str | None]:
        """What the call cache knows the endpoint by: nothing that may rotate, such as a key."""
        return {"kind": self.kind, "url": self.url, "model": self.model}


def resolve(options: ModelOptions, environ: Mapping[str, str], allow_hosts: Collection[str] = ()) -> Target:
    """The target of a model with its key.

    Raises `UsageError` (unknown provider, an unusable address, a vendor's key with a foreign host) and
    `ProviderError` (the key that the endpoint needs is not set).
    """
    target = locate(options, environ, allow_hosts)
    if target.key_env is None:
        return target
    key = environ.get(target.key_env, "").strip()
    if key:
        if not (key.isascii() and key.isprintable()):
            raise ProviderError(
                f"{target.key_env} holds characters that no key has", hint=f"set {target.key_env} again"
            )
        return Target(target.kind, target.model, target.url, target.host, target.loopback, target.key_env, key)
    if target.loopback or (options.api_key_env is None and not _needs_key(options)):
        return target
    raise ProviderError(
        f"no key for {target.label}: {target.key_env} is not set",
        hint=f"export {target.key_env}=..., or put it into .env in the working folder; `model: offline` needs no key",
    )


def locate(options: ModelOptions, environ: Mapping[str, str], allow_hosts: Collection[str] = ()) -> Target:
    """The target of a model without its key: what `validate` shows. Raises `UsageError` as `resolve` does."""
    taken = [name for name in OWN_KEYS if name in options.params]
    if taken:
        raise UsageError(f"model {options.name}: params.{taken[0]} cannot be set", hint="datagen sets it itself")
    prefix, _, rest = options.name.partition("/")
    if options.name == "offline":
        return Target("offline", "offline", loopback=True)
    if prefix == "local" and rest:
        return _in_process(options, rest)
    if options.base_url is not None or (rest and prefix in DROP_INS):
        return _fast(options, environ, allow_hosts)
    if rest and prefix in registry.targets("providers") and prefix not in CATALOG["providers"]:
        return Target(prefix, rest, key_env=options.api_key_env)
    return _through_litellm(options, environ, allow_hosts)


def hosts(models: Iterable[ModelOptions], environ: Mapping[str, str] | None = None) -> list[str]:
    """Every host that calls to these models would contact, sorted; nothing for `offline`.

    Litellm chooses the host of some providers itself; those stand as `<provider> (address chosen by litellm)`.
    """
    found = set()
    for options in models:
        try:
            target = locate(options, environ or {}, allow_hosts=(ANY,))
        except UsageError:
            continue
        if target.host:
            found.add(target.host)
    return sorted(found)


def secrets(target: Target, options: ModelOptions) -> tuple[str, ...]:
    """The values that must appear in no message: the key and the headers' values."""
    return tuple(value for value in (target.key, *options.headers.values()) if value)


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    name = host.strip("[]").lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def allowed_hosts(environ: Mapping[str, str], allow_hosts: Collection[str]) -> set[str]:
    """The hosts of `--allow-host` and of `DATAGEN_ALLOW_HOSTS` (split at commas and spaces), lower case."""
    more = re.split(r"[,\s]+", environ.get(ALLOW_HOSTS_ENV, ""))
    return {name.strip().lower() for name in (*allow_hosts, *more) if name.strip()}


def _fast(options: ModelOptions, environ: Mapping[str, str], allow_hosts: Collection[str]) -> Target:
    """The target on the fast path: an OpenAI-compatible endpoint."""
    prefix, _, rest = options.name.partition("/")
    drop_in = DROP_INS.get(prefix) if rest else None
    base_url = options.base_url or (drop_in.base_url if drop_in else None)
    if base_url is None:
        raise UsageError(
            f"model {options.name}: base_url is missing", hint="such as base_url: http://localhost:8000/v1"
        )
    url, host, name = _address(options, base_url)
    key_env = options.api_key_env or (drop_in.key_env if drop_in else None)
    loopback = is_loopback(host)
    if key_env and not loopback:
        owner = vendor_of_key(key_env)
        at_home = owner is not None and is_host_of(owner, host)
        if options.api_key_env is None and not environ.get(key_env) and not at_home:
            key_env = None  # there is no key that could go astray
        else:
            _guard(options, key_env, host, name, url, allowed_hosts(environ, allow_hosts))
    return Target("openai", rest if drop_in else options.name, url, name, loopback, key_env)


def _in_process(options: ModelOptions, rest: str) -> Target:
    """A model in this process: it has no address, needs no key, and is sent no parameters."""
    given: dict[str, Any] = {
        "base_url": options.base_url,
        "api_key_env": options.api_key_env,
        "headers": options.headers,
    }
    found = [*(name for name, value in given.items() if value), *(f"params.{name}" for name in options.params)]
    for name in found:
        raise UsageError(
            f"model {options.name}: {name} does not go with a model in this process",
            hint=f"remove {name}; a model that is served is hosted_vllm/... or ollama/...",
        )
    return Target("local", rest)


def _through_litellm(options: ModelOptions, environ: Mapping[str, str], allow_hosts: Collection[str]) -> Target:
    """The target through litellm; whether it knows the provider is looked up in its table, without importing it."""
    prefix, _, rest = options.name.partition("/")
    if not rest:
        prefix = str(litellm_catalog().get(options.name, {}).get("litellm_provider", ""))
    if not prefix or prefix not in litellm_prefixes():
        near = difflib.get_close_matches(prefix or options.name, ("offline", *DROP_INS, *VENDORS), n=1, cutoff=0.6)
        known = f"did you mean {near[0]}{'/...' if near[0] != 'offline' else ''}?" if near else KNOWN
        raise UsageError(f"model {options.name}: unknown provider", hint=f"{known} (or give its base_url)")
    vendor = VENDORS.get(prefix)
    key_env = options.api_key_env
    if key_env is None and vendor is not None:
        key_env = next((name for name in vendor.keys if environ.get(name)), vendor.keys[0])
        if prefix in KEYLESS and not environ.get(key_env):
            key_env = None
    moved = next(
        (environ[v] for v in (f"{prefix.upper()}_API_BASE", f"{prefix.upper()}_BASE_URL") if environ.get(v)), None
    )
    host = vendor.hosts[0].lstrip(".") if vendor else f"{prefix} (address chosen by litellm)"
    loopback = False
    if moved:
        url, bare, host = _address(options, moved)
        loopback = is_loopback(bare)
        if key_env and not loopback:
            _guard(options, key_env, bare, host, url, allowed_hosts(environ, allow_hosts))
    elif key_env and (owner := vendor_of_key(key_env)) is not None and owner.keys != (vendor.keys if vendor else None):
        raise _foreign(options, key_env, host)
    return Target("litellm", options.name, None, host, loopback, key_env)


def _needs_key(options: ModelOptions) -> bool:
    """Whether the vendor of the name answers nobody without a key."""
    prefix, _, rest = options.name.partition("/")
    if rest and prefix in DROP_INS:
        return DROP_INS[prefix].key_env is not None
    return True


def _address(options: ModelOptions, base_url: str) -> tuple[str, str, str]:
    """(address to post to, host, host with its port); raises `UsageError` for what is no usable address."""
    try:
        parts = urlsplit(base_url.strip())
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host:
        raise UsageError(
            f"model {options.name}: base_url is no http address", hint="such as base_url: http://localhost:8000/v1"
        )
    if parts.username or parts.password:
        raise UsageError(f"model {options.name}: base_url holds a user or password", hint="use api_key_env or headers")
    path = parts.path.rstrip("/")
    if not path.endswith("/chat/completions"):
        path += "/chat/completions"
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, "")), host, f"{host}:{port}" if port else host


def _guard(options: ModelOptions, key_env: str, host: str, name: str, url: str, allowed: set[str]) -> None:
    """Raises `UsageError` when a vendor's key would go to a host that is not the vendor's, or unencrypted."""
    vendor = vendor_of_key(key_env)
    if vendor is None or allowed & {host, name, ANY}:
        return
    if not is_host_of(vendor, host):
        raise _foreign(options, key_env, name)
    if url.startswith("http://"):
        raise UsageError(
            f"model {options.name}: {key_env} would be sent to {name} unencrypted", hint="use https:// in base_url"
        )


def _foreign(options: ModelOptions, key_env: str, host: str) -> UsageError:
    name = options.name.partition("/")[2] or options.name
    return UsageError(
        f"model {options.name}: {key_env} is a vendor's key, and {host} is not that vendor's host; nothing was sent",
        hint=f"give the key of {host} in a variable of its own (api_key_env), write hosted_vllm/{name} for no key,"
        f" or allow it with --allow-host {host.partition(':')[0]}",
    )
