"""The frame of every page: one file, no request to anybody, readable without scripts, light or dark as wished.

The Content Security Policy names the one script of the page by its digest: nothing else runs, whatever the data holds.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from importlib.resources import files

from datagen_cli.report.html import Child, Html, join, tag


def page(title: str, *body: Child, scripts: Sequence[str] = ()) -> str:
    """A whole HTML document with these scripts of ours, and that of its tables, in one element at its end."""
    script = "".join(part(name) for name in ("tables.js", *scripts))
    head = join(
        Html('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html('<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{policy(script, asks="live.js" in scripts)}">'),
        Html('<link rel="icon" href="data:,">'),  # or browsers ask for one
        tag("title", title),
        tag("style", Html(part("style.css"))),
    )
    end = tag("script", Html(script))
    return f"<!doctype html>\n{tag('html', tag('head', head), tag('body', *body, end), lang='en')}\n"


def policy(script: str, *, asks: bool = False) -> str:
    """Nothing is fetched, embedded or sent; only this script runs. A page that `asks` may ask its own server."""
    allowed = [
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        f"script-src 'sha256-{b64encode(hashlib.sha256(script.encode()).digest()).decode()}'",
    ]
    if asks:
        allowed.append("connect-src 'self'")
    return "; ".join(allowed)


def part(name: str) -> str:
    """A file of this folder."""
    return (files(__package__) / name).read_text(encoding="utf-8")


def section(title: str, *children: Child, id_: str | None = None) -> Html | None:
    """A section with its heading; None where there is nothing in it."""
    inside = join(*children)
    return tag("section", tag("h2", title), inside, id=id_) if inside else None
