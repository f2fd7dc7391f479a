"""What is known of OpenAI-compatible endpoints before anything is sent; the client itself is `openai_http.py`.

The HTTP library is imported when an endpoint is opened, so that a run answered by the cache does without it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from datagen_cli.config.models import ModelOptions
from datagen_cli.core.errors import UsageError
from datagen_cli.llm.keys import Target, address_of, allowed_hosts, guard_key, is_below_localhost, is_loopback, moved_to
from datagen_cli.llm.provider import Around, Provider, ProviderFacts
from datagen_cli.llm.vendors import Vendor, is_host_of, names_of_address, vendor_of_key, vendors


class OpenAICompatible(ProviderFacts):
    """OpenAI-compatible endpoints on the fast path: one POST a call over aiohttp, about 0.15 CPU ms each."""

    batches = completes = streams = True

    @classmethod
    def forms(cls) -> tuple[str, ...]:
        """The vendors that have an address here."""
        return tuple(f"{prefix}/..." for prefix, vendor in vendors().items() if vendor.fast)

    @classmethod
    def claims(cls, options: ModelOptions) -> bool:
        """Any model with an address, and the names of vendors that have one here."""
        prefix, _, rest = options.name.partition("/")
        return options.base_url is not None or bool(rest and prefix in vendors() and vendors()[prefix].fast)

    @classmethod
    def locate(cls, options: ModelOptions, environ: Mapping[str, str], allow_hosts: Collection[str]) -> Target:
        """The address of the recipe, else that of the environment, else the vendor's. Raises `UsageError` as
        `keys.locate` does."""
        prefix, _, rest = options.name.partition("/")
        vendor = vendors().get(prefix) if rest else None
        vendor = vendor if vendor and vendor.fast else None
        written = options.base_url
        base_url = written.place if written else _address_of_vendor(options, vendor, environ) if vendor else None
        if base_url is None:
            raise UsageError(
                f"model {options.name}: base_url is missing", hint="such as base_url: http://localhost:8000/v1"
            )
        url, host, name = address_of(options, base_url)
        key_env = options.api_key_env or next(iter(vendor.keys if vendor else ()), None)
        loopback = is_loopback(host) or is_below_localhost(host)
        if key_env and not loopback:
            owner = vendor_of_key(key_env)
            at_home = owner is not None and is_host_of(owner, host)
            if options.api_key_env is None and not environ.get(key_env) and not at_home:
                key_env = None  # there is no key that could go astray
            else:
                guard_key(options.name, key_env, host, name, url, allowed_hosts(environ, allow_hosts))
        query = written.query if written else None
        return Target("openai", rest if vendor else options.name, url, name, loopback, key_env, query=query)

    @classmethod
    def needs_key(cls, options: ModelOptions) -> bool:
        """Whether the vendor of the name answers nobody without a key."""
        prefix, _, rest = options.name.partition("/")
        return not (rest and prefix in vendors() and vendors()[prefix].fast and not vendors()[prefix].keys)

    @classmethod
    def open(cls, options: ModelOptions, target: Target, around: Around) -> Provider:
        """The endpoint's client, or that of its batches."""
        if around.batched:
            from datagen_cli.llm.batch import BatchHTTP

            return BatchHTTP(
                options, target, concurrency=around.concurrency, store=around.store, patience_s=around.patience_s
            )
        from datagen_cli.llm.openai_http import OpenAIHTTP

        return OpenAIHTTP(options, target, concurrency=around.concurrency)


def _address_of_vendor(options: ModelOptions, vendor: Vendor, environ: Mapping[str, str]) -> str | None:
    """Where a vendor's names are served: at the address that the environment names, else at the vendor's own.

    An address without a scheme is a host as `OLLAMA_HOST` holds one, with the port and the path of the vendor's own;
    one that all interfaces listen at (0.0.0.0) is this machine. Raises `UsageError` for what is no usable address.
    """
    value = moved_to(options, names_of_address(options.name.partition("/")[0], vendor), environ, bare=True)
    if value is None:
        return vendor.base_url
    own, parts = urlsplit(vendor.base_url or "http://localhost/v1"), urlsplit(value)
    if "://" in value:
        path = parts.path.rstrip("/") or (own.path if vendor.free else "")
        return f"{parts.scheme}://{parts.netloc}{path}"
    parts = urlsplit(f"http://{value}")
    host = "localhost" if parts.hostname in (None, "0.0.0.0", "::") else str(parts.hostname)
    host = f"[{host}]" if ":" in host else host
    return f"http://{host}:{parts.port or own.port or 80}{parts.path.rstrip('/') or own.path}"
