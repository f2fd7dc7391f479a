"""From a model mapping to where its calls go and with which key; and the rule that a key goes nowhere else.

A vendor's key is sent to that vendor's hosts, to loopback, and to hosts that the user allowed by `--allow-host` or
`DATAGEN_ALLOW_HOSTS`. Everything is decided before anything is sent. Nothing is contacted here.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit, urlunsplit

from datagen_cli.config.models import ModelOptions
from datagen_cli.core.errors import ProviderError, UsageError
from datagen_cli.llm.proxies import proxy_secrets, safe_proxy
from datagen_cli.llm.vendors import is_host_of, vendor_of_key

ANY = "*"
ALLOW_HOSTS_ENV = "DATAGEN_ALLOW_HOSTS"


@dataclass(frozen=True, slots=True)
class Target:
    """Where the calls of a model go. `kind` is a provider's name in the catalog; `model` is the name as sent.

    `url` is the address that is posted to (fast path) or litellm's api_base, None for a model in this process; `host`
    is what would be contacted, None for nothing (`offline`). `key` is the secret itself and never printed.
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
        """What the call cache knows the model by: what it is called, not where it answers or by which key."""
        return {"kind": self.kind, "model": self.model}


def resolve(options: ModelOptions, environ: Mapping[str, str], allow_hosts: Collection[str] = ()) -> Target:
    """The target of a model with its key.

    Raises `UsageError` (unknown provider, an unusable address, a vendor's key with a foreign host, a proxy that could
    read a key) and `ProviderError` (the key that the endpoint needs is not set).
    """
    target = _with_key(locate(options, environ, allow_hosts), options, environ)
    if target.url is not None:
        secret = bool(target.key or options.headers)
        safe_proxy(options.name, target.url, loopback=target.loopback, secret=secret)
    return target


def _with_key(target: Target, options: ModelOptions, environ: Mapping[str, str]) -> Target:
    if target.key_env is None:
        return target
    key = environ.get(target.key_env, "").strip()
    if key:
        if not (key.isascii() and key.isprintable()):
            raise ProviderError(
                f"{target.key_env} holds characters that no key has", hint=f"set {target.key_env} again"
            )
        return replace(target, key=key)
    if target.loopback or (options.api_key_env is None and not options.provider.needs_key(options)):
        return target
    raise ProviderError(
        f"no key for {target.label}: {target.key_env} is not set",
        hint=f"export {target.key_env}=..., or put it into .env in the working folder; `model: offline` needs no key",
    )


def locate(options: ModelOptions, environ: Mapping[str, str], allow_hosts: Collection[str] = ()) -> Target:
    """The target of a model without its key: what `validate` shows. Raises `UsageError` as `resolve` does."""
    target: Target = options.provider.locate(options, environ, allow_hosts)
    return target


def hosts(models: Iterable[ModelOptions], environ: Mapping[str, str] | None = None) -> list[str]:
    """Every host that calls to these models would contact, sorted; nothing for `offline`."""
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
    """The values that must appear in no message: the key, the headers' values, and user and password of a proxy."""
    return (*(value for value in (target.key, *options.headers.values()) if value), *proxy_secrets())


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


def address_of(options: ModelOptions, base_url: str) -> tuple[str, str, str]:
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


def guard_key(options: ModelOptions, key_env: str, host: str, name: str, url: str, allowed: set[str]) -> None:
    """Raises `UsageError` when a vendor's key would go to a host that is not the vendor's, or unencrypted."""
    vendor = vendor_of_key(key_env)
    if vendor is None or allowed & {host, name, ANY}:
        return
    if not is_host_of(vendor, host):
        raise foreign_key(options, key_env, name)
    if url.startswith("http://"):
        raise UsageError(
            f"model {options.name}: {key_env} would be sent to {name} unencrypted", hint="use https:// in base_url"
        )


def foreign_key(options: ModelOptions, key_env: str | None, host: str) -> UsageError:
    what = f"{key_env} is a vendor's key" if key_env else "litellm sends a vendor's credentials"
    name = options.name.partition("/")[2] or options.name
    return UsageError(
        f"model {options.name}: {what}, and {host} is not that vendor's host; nothing was sent",
        hint=f"give the key of {host} in a variable of its own (api_key_env), write hosted_vllm/{name} for no key,"
        f" or allow it with --allow-host {host.partition(':')[0]}",
    )
