"""Who serves which names, from `vendors.yaml`: a vendor's keys, the hosts that they may be sent to, its address.

Litellm is read as files here and never imported.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

REGION = "[a-z]+(?:-[a-z]+)+-?[0-9]+"
CACHED_PRICE = "cache_read_input_token_cost"


@dataclass(frozen=True, slots=True)
class Vendor:
    """A company, or a program, that serves models: an entry of `vendors.yaml`, where its fields are explained."""

    keys: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    keyless: bool = False
    fast: bool = False
    base_url: str | None = None
    env: tuple[str, ...] = ()
    free: bool = False
    litellm: str | None = None
    access: str = ""


@cache
def vendors() -> dict[str, Vendor]:
    """Prefix → vendor. The file is read once, 4 ms."""
    import yaml

    found = yaml.load(
        (Path(__file__).parent / "vendors.yaml").read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    )
    named = {}
    for prefix, entry in found.items():
        said: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in entry.items()}
        named[prefix] = Vendor(**{**said, "fast": "fast" in entry, "base_url": entry.get("fast")})
    return named


def vendor_of_key(key_env: str) -> Vendor | None:
    """The vendor whose key this variable holds, or None for a key of the user's own."""
    known = (*vendors().values(), *listed_vendors().values())
    return next((vendor for vendor in known if key_env in vendor.keys), None)


def vendor_of_name(prefix: str) -> Vendor:
    """The vendor of a name's prefix, or of one of litellm's groups of models such as `bedrock_converse`."""
    family = next((name for name in ("bedrock", "vertex_ai") if prefix.startswith((f"{name}_", f"{name}-"))), prefix)
    return vendors().get(family) or listed_vendors().get(family) or Vendor()


def prefix_of(name: str) -> str:
    """The prefix of a model's name; of one without (`gpt-4o`) the provider that litellm's table says, else empty."""
    prefix, _, rest = name.partition("/")
    return prefix if rest else str(litellm_catalog().get(name, {}).get("litellm_provider", ""))


def names_of_address(prefix: str, vendor: Vendor) -> list[str]:
    """The environment variables that may name another address for a prefix: the vendor's own, the first to count, then
    `<NAME>_API_BASE` and `<NAME>_BASE_URL` of the prefix and of its keys."""
    stems = [prefix.upper().replace("-", "_")]
    stems += [key.removesuffix("_API_KEY").removesuffix("_TOKEN") for key in vendor.keys]
    return list(dict.fromkeys([*vendor.env, *(f"{stem}_{end}" for stem in stems for end in ("API_BASE", "BASE_URL"))]))


def is_host_of(vendor: Vendor, host: str) -> bool:
    """Whether the vendor listens at this host (lower case, without a port)."""
    return any(_is_of(host, own) for own in vendor.hosts)


def _is_of(host: str, own: str) -> bool:
    if own.startswith("."):
        return host.endswith(own)
    return re.fullmatch(re.escape(own).replace(r"\*", REGION), host) is not None


def litellm_folder() -> Path | None:
    """Where litellm is installed, found without importing it."""
    spec = find_spec("litellm")
    return Path(spec.origin).parent if spec and spec.origin else None


@cache
def litellm_catalog() -> dict[str, dict[str, Any]]:
    """Litellm's bundled table of models: prices and providers by name; empty when it is missing. 25 ms, read once."""
    folder = litellm_folder()
    try:
        text = (folder / "model_prices_and_context_window_backup.json").read_bytes() if folder else b"{}"
        table = json.loads(text)
    except (OSError, ValueError):
        return {}
    wanted = ("litellm_provider", "mode", "input_cost_per_token", "output_cost_per_token", CACHED_PRICE)
    return {
        name: {key: entry[key] for key in wanted if key in entry}
        for name, entry in table.items()
        if isinstance(entry, dict) and name != "sample_spec"
    }


@cache
def listed_vendors() -> dict[str, Vendor]:
    """The vendors in litellm's own list of OpenAI-compatible ones: prefix → key, host and address; read once."""
    folder = litellm_folder()
    try:
        table = json.loads((folder / "llms/openai_like/providers.json").read_bytes()) if folder else {}
    except (OSError, ValueError):
        return {}
    found = {}
    for prefix, entry in table.items() if isinstance(table, dict) else ():
        base, key = (entry.get("base_url"), entry.get("api_key_env")) if isinstance(entry, dict) else (None, None)
        host = urlsplit(base).hostname if isinstance(base, str) and base.startswith("https://") else None
        if host:
            env = (name,) if isinstance(name := entry.get("api_base_env"), str) else ()
            found[prefix] = Vendor((key,) if isinstance(key, str) else (), (host,), env=env, litellm=base)
    return found


def litellm_prefixes() -> set[str]:
    """The prefixes that litellm knows, from its table and its folders."""
    known = {str(entry.get("litellm_provider")) for entry in litellm_catalog().values()}
    folder = litellm_folder()
    if folder and (folder / "llms").is_dir():
        known |= {path.name for path in (folder / "llms").iterdir() if path.is_dir() and not path.name.startswith("_")}
    return known | set(vendors()) | set(listed_vendors())
