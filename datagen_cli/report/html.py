"""HTML that is safe by construction: what is not `Html` is escaped, so data can never become markup.

Control characters and lone surrogates, which no HTML file may hold, become `�`; what could turn text around is shown by
its number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

_TURNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


Child = str | None | Iterable["Child"]


def text(value: str) -> Html:
    """Any text as markup that shows it."""
    fit = _TURNS.sub(lambda found: f"\\u{ord(found[0]):04x}", _UNFIT.sub("�", value))
    return Html(escape(fit, quote=True))


def join(*children: Child) -> Html:
    """Children one after the other: markup as it is, text escaped, None left out, lists taken apart."""
    return Html("".join(_parts(children)))


def tag(name: str, *children: Child, **attributes: str | int | float | bool | None) -> Html:
    """An element with an end tag. `class_` is `class`, `aria_label` is `aria-label`; None and False are left out."""
    written = [name]
    for key, value in attributes.items():
        attribute = key.rstrip("_").replace("_", "-")
        if value is True:
            written.append(attribute)
        elif value is not None and value is not False:
            written.append(f'{attribute}="{text(_short(value))}"')
    return Html(f"<{' '.join(written)}>{join(*children)}</{name}>")


def _parts(children: Iterable[Child]) -> Iterable[str]:
    for child in children:
        if isinstance(child, str):
            yield child if isinstance(child, Html) else text(child)
        elif child is not None:
            yield from _parts(child)


def _short(value: str | int | float) -> str:
    """A number without needless digits."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
