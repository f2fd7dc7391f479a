"""From a model mapping to where its calls go and with which key; and the rule that a key goes nowhere else.

A key is sent to its vendor's hosts over https, to loopback, and to hosts that the user allowed by `--allow-host` or
`DATAGEN_ALLOW_HOSTS`; a key of no known vendor to the last two only. Variables in headers and in the query of an
address are keys. Everything is decided before anything is sent. Nothing is contacted here.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import SplitResult, urlsplit, urlunsplit

from datagen_cli.config.models import ModelOptions
from datagen_cli.core.errors import ProviderError, UsageError
from datagen_cli.core.proxies import proxy_secrets, safe_proxy
from datagen_cli.core.secret import KEY_NAME, LEAST_BASE64, Secret, held_forms
from datagen_cli.llm.faults import redact
from datagen_cli.llm.vendors import is_host_of, vendor_of_key

ANY = "*"
ALLOW_HOSTS_ENV = "DATAGEN_ALLOW_HOSTS"
NAMES_KEY = re.compile(r"(?i)auth|key|token|secret|pass|pwd|cookie|credential|session|sign")
"""Names of headers whose values are secret whatever they look like."""
ONLY_KEYS = "a variable in headers or in the query of base_url is a key: its name ends in _KEY or _TOKEN"


@dataclass(frozen=True, slots=True)
class Target:
    """Where the calls of a model go. `kind` is a provider's name in the catalog; `model` is the name as sent.

    `url` is the address that is posted to (fast path) or litellm's api_base, None for a model in this process; `host`
    is what would be contacted, None for nothing (`offline`). `query` follows the address, `headers` go with each call.
    `room` is what makes room for longer prompts, where it is an option of the model's own.
    """

    kind: str
    model: str
    url: str | None = None
    host: str | None = None
    loopback: bool = False
    key_env: str | None = None
    key: Secret | None = None
    query: Secret | None = None
    headers: tuple[tuple[str, Secret], ...] = ()
    room: str = ""

    @property
    def holds_secrets(self) -> bool:
        """Whether a call holds anything that only the endpoint may see."""
        return bool(self.key or self.query or self.headers)

    @property
    def label(self) -> str:
        """For messages: `gpt-4o-mini at api.openai.com`."""
        return f"{self.model} at {self.host}" if self.host else self.model

    @property
    def secret_forms(self) -> tuple[str, ...]:
        """The texts by which the key, the headers and the query could be recognised."""
        held = [self.key, self.query, *(value for _, value in self.headers)]
        return tuple(form for secret in held if secret for form in secret.forms())

    @property
    def reply_forms(self) -> tuple[str, ...]:
        """Those of them that no reply may hold: all but the words of a header that names no key, such as
        `X-Title: Customer support`."""
        named = [value for name, value in self.headers if not value.is_of_words or NAMES_KEY.search(name)]
        return replace(self, headers=tuple(("", value) for value in named)).secret_forms

    @property
    def identity(self) -> dict[str, str | None]:
        """What the call cache knows the model by: what it is called, not where it answers or by which key."""
        return {"kind": self.kind, "model": self.model}


def resolve(options: ModelOptions, environ: Mapping[str, str], allow_hosts: Collection[str] = ()) -> Target:
    """The target of a model with its key, and with the headers and the query that are sent.

    Raises `UsageError` (unknown provider, an unusable address, a key for a host that it does not belong to, a proxy
    that could read a key) and `ProviderError` (the key that the endpoint needs is not set).
    """
    target = _with_key(locate(options, environ, allow_hosts), options, environ)
    headers = tuple((name, value.filled(environ)) for name, value in options.headers.items())
    query = target.query.filled(environ) if target.query else None
    target = replace(target, headers=headers, query=query)
    if target.url is not None:
        safe_proxy(options.name, target.url, loopback=target.loopback, secret=target.holds_secrets)
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
        return replace(target, key=Secret(key))
    if target.loopback or (options.api_key_env is None and not options.provider.needs_key(options)):
        return target
    raise ProviderError(
        f"no key for {target.label}: {target.key_env} is not set",
        hint=f"export {target.key_env}=..., or put it into .env in the working folder; `model: offline` needs no key",
    )


def locate(options: ModelOptions, environ: Mapping[str, str], allow_hosts: Collection[str] = ()) -> Target:
    """The target of a model without its key: what `validate` shows. Raises `UsageError` as `resolve` does."""
    target: Target = options.provider.locate(options, environ, allow_hosts)
    sent = [*options.headers.values(), *((target.query,) if target.query else ())]
    for name in dict.fromkeys(name for value in sent for name in value.names):
        if not KEY_NAME.fullmatch(name):
            raise UsageError(f"model {options.name}: ${{{name}}} is sent as a key", hint=ONLY_KEYS)
        if name not in environ:
            raise UsageError(f"model {options.name}: {name} is not set", hint=f"export {name}=...")
        if target.url is not None and target.host is not None and not target.loopback:
            host = urlsplit(target.url).hostname or ""
            guard_key(options.name, name, host, target.host, target.url, allowed_hosts(environ, allow_hosts))
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


def secrets(target: Target) -> tuple[str, ...]:
    """The texts that must appear in no message: of the key, the headers, the query, and of a proxy's password."""
    return (*target.secret_forms, *proxy_secrets())


def without_any_secret(text: str) -> str:
    """The words of an error that nobody foresaw, which may be a library's about what it was to send: without the keys
    of the environment and all secrets of this process."""
    keys = (held for name, held in os.environ.items() if KEY_NAME.fullmatch(name) and len(held) >= LEAST_BASE64)
    return redact(text, (*held_forms(), *keys, *proxy_secrets()))


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine, whoever looks it up: `localhost` is in every file of hosts."""
    name = host.strip("[]").lower()
    if name == "localhost":
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def is_below_localhost(host: str) -> bool:
    """Whether a name is this machine by RFC 6761 alone. Many systems ask the network for `vllm.localhost`, and for
    `localhost.`: only who connects to this machine without asking may take it for this machine."""
    return host.lower().rstrip(".").rpartition(".")[2] == "localhost"


def allowed_hosts(environ: Mapping[str, str], allow_hosts: Collection[str]) -> set[str]:
    """The hosts of `--allow-host` and of `DATAGEN_ALLOW_HOSTS` (split at commas and spaces), lower case."""
    more = re.split(r"[,\s]+", environ.get(ALLOW_HOSTS_ENV, ""))
    return {name.strip().lower() for name in (*allow_hosts, *more) if name.strip()}


def path_of(options: ModelOptions) -> str:
    """What is appended to a base_url: where conversations go, or texts to go on with."""
    return "completions" if options.form == "completion" else "chat/completions"


def address_of(options: ModelOptions, base_url: str) -> tuple[str, str, str]:
    """(address to post to, host, host with its port); raises `UsageError` for what is no usable address."""
    parts, host, port = _parts_of(base_url.strip())
    if parts.scheme not in ("http", "https") or not _is_host(host, parts.netloc.rpartition("@")[2]):
        raise UsageError(
            f"model {options.name}: base_url is no http address", hint="such as base_url: http://localhost:8000/v1"
        )
    if parts.username or parts.password:
        raise UsageError(f"model {options.name}: base_url holds a user or password", hint="use api_key_env or headers")
    path = parts.path.rstrip("/").removesuffix("/chat/completions")
    path = f"{path.removesuffix('/completions')}/{path_of(options)}"
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, "")), host, f"{host}:{port}" if port else host


def _parts_of(url: str) -> tuple[SplitResult, str, int | None]:
    """An address, its host in lower case and its port; empty where it cannot be read."""
    try:
        parts = urlsplit(url)
        return parts, (parts.hostname or "").lower(), parts.port
    except ValueError:
        return urlsplit(""), "", None


def _is_host(host: str, written: str) -> bool:
    """Whether a host can be looked up, and is all that stands in the address beside a port: what is no host's name is
    read as one by some libraries and not by others."""
    shown = f"[{host}]" if ":" in host else host
    if not re.fullmatch(rf"{re.escape(shown)}(:\d*)?", written, re.IGNORECASE | re.ASCII):
        return False
    if ":" in host:
        return True  # between brackets, which the address was read by
    try:
        labels = [label if label.isascii() else label.encode("idna") for label in host.removesuffix(".").split(".")]
    except UnicodeError:
        return False
    return bool(re.fullmatch(r"[\w.~-]+", host)) and len(host) < 254 and all(0 < len(label) < 64 for label in labels)


def moved_to(options: ModelOptions, names: Iterable[str], environ: Mapping[str, str], *, bare: bool) -> str | None:
    """The address that the first of these environment variables which is set holds; None where none is. `bare`: a host
    without a scheme is one, too. Raises `UsageError` with the variable's name for what is no usable address."""
    name = next((name for name in names if environ.get(name, "").strip()), None)
    if name is None:
        return None
    value = environ[name].strip()
    parts, host, _ = _parts_of(value if "://" in value or not bare else f"http://{value}")
    sound = parts.scheme in ("http", "https") and not (parts.username or parts.password or parts.query)
    if not sound or re.search(r"[^\w.:-]", host) or not (host or (bare and "://" not in value)):
        raise UsageError(
            f"model {options.name}: {name} holds no http address", hint=f"such as {name}=http://localhost:8000/v1"
        )
    return value


def guard_key(model: str, key_env: str, host: str, name: str, url: str, allowed: set[str]) -> None:
    """Raises `UsageError` when a key would go to a host that is neither its vendor's nor one that the user has named,
    or unencrypted to one that the user has not named. `name` is the host with its port, for messages."""
    if allowed & {host, name, ANY}:
        return
    vendor = vendor_of_key(key_env)
    if vendor is None:
        raise UsageError(
            f"model {model}: {key_env} would be sent to {name}, which you have not named; nothing was sent",
            hint=f"allow it with --allow-host {host}, or in DATAGEN_ALLOW_HOSTS",
        )
    if not is_host_of(vendor, host):
        raise foreign_key(model, key_env, name)
    if url.startswith("http://"):
        raise UsageError(
            f"model {model}: {key_env} would be sent to {name} unencrypted", hint="use https:// in base_url"
        )


def foreign_key(model: str, key_env: str | None, host: str) -> UsageError:
    """The error for a vendor's key, or credentials that litellm finds itself, with an address of somebody else."""
    what = f"{key_env} is a vendor's key" if key_env else "litellm sends a vendor's credentials"
    return UsageError(
        f"model {model}: {what}, and {host} is not that vendor's host; nothing was sent",
        hint=f"give the key of {host} in a variable of its own (api_key_env), write"
        f" hosted_vllm/{model.partition('/')[2] or model} for no key, or allow it with"
        f" --allow-host {host.partition(':')[0]}",
    )
