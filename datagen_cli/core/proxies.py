"""The proxy of the environment: which addresses go through it, and what it may not see.

A proxy carries calls to https addresses through a tunnel and sees no more than the host. Of a call to a plain http
address it would read everything, so such a call goes through a proxy only when it holds no key and no header of the
recipe's. This machine is never asked through a proxy.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from urllib.parse import unquote
from urllib.request import getproxies, proxy_bypass

from yarl import URL

from datagen_cli.core.errors import UsageError


def proxy_for(url: str) -> URL | None:
    """The proxy that the environment names for an address, or None.

    `host:port` without a scheme is an http proxy. Raises `UsageError` for a proxy that cannot be used.
    """
    parts = URL(url)
    proxies = getproxies()
    found = proxies.get(parts.scheme) or proxies.get("all")
    if not found or is_excepted(parts, proxies.get("no", "")):
        return None
    try:
        proxy = URL(found if "://" in found else f"http://{found}")
    except ValueError:
        proxy = URL()
    if proxy.scheme not in ("http", "https") or not proxy.host:
        raise UsageError(
            f"the proxy that the environment names for {parts.scheme} is no http proxy",
            hint=f"set {parts.scheme.upper()}_PROXY to http://host:port, or put {parts.host} into NO_PROXY",
        )
    return proxy


def is_excepted(url: URL, no_proxy: str) -> bool:
    """Whether NO_PROXY excepts the host of an address.

    Its entries, split at commas and spaces, are `*`, a host, a domain with or without a leading dot or `*.` (all hosts
    below it too), an IP address or a network (`10.0.0.0/8`), each but the network also with a port. Where the
    environment says nothing, the system's own settings are asked (macOS, Windows).
    """
    host = (url.host or "").lower().rstrip(".")
    if not no_proxy:
        return bool(host and proxy_bypass(host))
    return any(_excepts(entry, host, url.port) for entry in re.split(r"[,\s]+", no_proxy.lower()) if entry)


def _excepts(entry: str, host: str, port: int | None) -> bool:
    if entry == "*":
        return True
    found = re.fullmatch(r"(?:\[(?P<six>.*)\]|(?P<name>[^:]*))(?::(?P<port>\d+))?", entry)
    if found is not None:
        if found["port"] and int(found["port"]) != port:
            return False
        entry = found["six"] or found["name"]
    try:
        network = ip_network(entry, strict=False)
    except ValueError:
        name = entry.removeprefix("*").strip(".")
        return bool(name) and (host == name or host.endswith(f".{name}"))
    try:
        return ip_address(host) in network
    except ValueError:
        return False


def safe_proxy(name: str, url: str, *, loopback: bool, secret: bool) -> URL | None:
    """The proxy for the calls of the model `name` to `url`; `secret` says whether they hold a key or headers.

    Raises `UsageError` when the proxy could read what is secret.
    """
    proxy = None if loopback else proxy_for(url)
    if proxy is not None and secret and URL(url).scheme == "http":
        raise UsageError(
            f"model {name}: the key or the headers would pass the proxy {proxy.host} in clear text; nothing was sent",
            hint=f"use https:// in base_url, or put {URL(url).host} into NO_PROXY",
        )
    return proxy


def spare_proxy(url: str) -> None:
    """Has libraries that read the environment send to the host of `url` without a proxy: they know fewer forms of
    NO_PROXY than we do."""
    host = URL(url).host or ""
    spared = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    if host not in spared.split(","):
        os.environ["no_proxy"] = f"{spared},{host}".lstrip(",")


def proxy_secrets() -> tuple[str, ...]:
    """User and password of every proxy of the environment, in each form in which they might be repeated."""
    return tuple(dict.fromkeys(form for found in getproxies().values() for form in _userinfo(found) if form))


def _userinfo(proxy: str) -> Iterator[str]:
    userinfo, at, _ = proxy.partition("://")[2].rpartition("@") if "://" in proxy else proxy.rpartition("@")
    if at:
        user, _, password = userinfo.partition(":")
        plain = f"{unquote(user)}:{unquote(password)}"
        yield from (userinfo, plain, base64.b64encode(plain.encode()).decode())
        yield from (password, unquote(password), user, unquote(user))
