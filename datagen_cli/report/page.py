"""The frame of every page: one file, no request to anybody, readable without scripts, light or dark as wished."""

from __future__ import annotations

from importlib.resources import files

from datagen_cli.report.html import Child, Html, join, tag


def page(title: str, *body: Child) -> str:
    """A whole HTML document."""
    style = (files(__package__) / "style.css").read_text(encoding="utf-8")
    head = join(
        Html('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html('<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'),
        # nothing is fetched and nothing runs, whatever the data holds
        Html("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"),
        tag("title", title),
        tag("style", Html(style)),
    )
    return f"<!doctype html>\n{tag('html', tag('head', head), tag('body', *body), lang='en')}\n"


def section(title: str, *children: Child) -> Html | None:
    """A section with its heading; None where there is nothing in it."""
    inside = join(*children)
    return tag("section", tag("h2", title), inside) if inside else None
