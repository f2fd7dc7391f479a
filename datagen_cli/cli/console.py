"""The only file that prints: data and JSON to stdout, words, tables and progress to stderr.

`NO_COLOR`, `CI` and non-terminals are honoured; Rich is imported only when something is drawn with it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TextIO, TypeVar

from datagen_cli.cli import tables
from datagen_cli.cli.called import as_called, command_as_called
from datagen_cli.core.errors import DatagenError, UsageError
from datagen_cli.metrics.wording import counted as counted
from datagen_cli.metrics.wording import usd

T = TypeVar("T")

_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_CONTROL = re.compile(
    r"(\x1b\[(?:0|1|1;3[1-6])m)|[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)
"""Control characters and those that reorder text; the styles of `painted`, which hide nothing, stand apart."""
_DASHED = re.compile(r""" (?:(-(?![A-Za-z](?:\s|$)|-)[^\s'"]+)|'(-[^'\n]+)')""")
_SHELL_WORD = re.compile(r"""(?:'[^']*'|"[^"]*"|\\.|[^\s'"\\])+""")


def out(text: str) -> None:
    """Data, to stdout, as it is. A closed pipe ends quietly."""
    _write(sys.stdout, text)


def line(text: str) -> None:
    """Words with data in them, to stdout: a line of its own whatever the data holds, see `indented`."""
    paragraph(indented(text))


def quotation(text: str) -> None:
    """A text that others wrote, to stdout, as it is; where a terminal reads it each line is set in, so that none of
    them looks like one of ours."""
    paragraph("\n".join(f"    {line}" for line in text.splitlines()) if is_terminal(sys.stdout) else text)


def paragraph(text: str) -> None:
    """Words, to stdout; broken between words at the width of a terminal, unbroken elsewhere."""
    out(_filled(text) if is_terminal(sys.stdout) else text)


def say(text: str) -> None:
    """Words, to stderr; broken between words where a terminal reads them."""
    _write(sys.stderr, _filled(text) if is_terminal(sys.stderr) else text)


def emit_json(value: Any) -> None:
    """One JSON object on one line, to stdout; what reorders text stands in it as `\\u202e`."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    out(_CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def error(problem: DatagenError) -> None:
    """`error: where: what`, a blank line, and the hint."""
    say(f"{painted('error:', '1;31')} {indented(str(problem))}")
    if problem.advice:
        say(f"\n{painted('hint:', '1;36')} {indented(as_called(problem.advice))}")


def shortened(text: str) -> str:
    """Words for one line of the terminal: what is too long ends in `…`; all of them elsewhere."""
    if not is_terminal(sys.stderr):
        return text
    room = max(20, shutil.get_terminal_size().columns - 1)
    return text if len(text) <= room else f"{text[: room - 1]}…"


def note(text: str) -> None:
    """A remark that is no error."""
    say(f"{painted('note:', '1;33')} {indented(text)}")


def next_step(text: str) -> None:
    """The one line after a command that ended well: a command to go on with, which can be pasted as it stands."""
    command_line(painted("next:", "1;32"), text)


def resuming(*, raised: bool) -> str:
    """What stands before the command that resumes; as it is, it would stop again at a cap that has to be `raised`."""
    return "raise the cap, then resume with:" if raised else "resume with:"


def command_line(head: str, command: str) -> None:
    """A command that can be pasted: it names the tool as it was called. In a terminal that is too narrow for it, it
    goes on after a backslash."""
    command = command_as_called(command).replace("\n", "\\n")  # of a file's name: no second line that looks like ours
    command = _DASHED.sub(_as_path, command)
    _write(sys.stderr, broken(head, command, width() if is_terminal(sys.stderr) else None))


def broken(head: str, command: str, wide: int | None) -> str:
    """A command behind its head, on lines of at most `wide` characters that end in a backslash: it can be pasted. A
    word that is longer stays whole; without `wide` there is one line."""
    words = _SHELL_WORD.findall(command)
    lines, line = [], head
    for word in words if " ".join(words) == command else [command]:
        if wide is not None and len(line) + len(word) + 3 > wide and line != head:
            lines.append(f"{line} \\")
            line = f"    {word}"
        else:
            line = f"{line} {word}"
    return "\n".join([*lines, line])


def _as_path(found: re.Match[str]) -> str:
    """A file or folder whose name begins with a dash, as a command takes it: `./-x`."""
    word = found[1] or found[2]
    return f" {shlex.quote(f'./{word}')}" if os.path.lexists(word) else found[0]


def width() -> int:
    """Columns of the terminal; at least 40."""
    return max(40, shutil.get_terminal_size().columns)


def agreed(question: str) -> bool:
    """Whether the person at the terminal says yes; only asked where one is, see `is_terminal`."""
    say(f"{question} [y/N]")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def by_reason(counts: Mapping[str, int]) -> str:
    """`10 code, 3 refused`."""
    return ", ".join(f"{count:,} {reason}" for reason, count in counts.items())


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, to: str = "stdout") -> None:
    """A table, see `tables.py`; plain aligned columns where no terminal reads it."""
    stream = sys.stdout if to == "stdout" else sys.stderr
    cells = [[_cell(cell) for cell in row] for row in rows]
    if not is_terminal(stream):
        _write(stream, tables.plain(title, columns, cells))
        return
    widths = tables.fitted(columns, cells, width())
    if widths is None and cells:
        columns, cells = (turned := tables.turned(columns, cells))
        if (widths := tables.fitted(*turned, width())) is None:
            _write(stream, tables.stacked(title, *tables.turned(*turned), width()))
            return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(title=title or None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for index, column in enumerate(columns):
        numeric = bool(cells) and all(tables.numeric(row[index]) for row in cells)
        drawn.add_column(Text(column), justify="right" if numeric else "left", width=widths[index] if widths else None)
    for row in cells:
        drawn.add_row(*(Text(cell) for cell in row))
    Console(file=stream, color_system="auto" if colours(stream) else None, highlight=False).print(drawn)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person reads the stream: a terminal, and not CI."""
    return stream is not None and stream.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"


def colours(stream: TextIO | None) -> bool:
    """Whether colour is wanted there."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR")


def painted(text: str, code: str, stream: TextIO | None = None) -> str:
    """Text with an ANSI style where the stream, stderr without one, takes colour."""
    return f"\x1b[{code}m{text}\x1b[0m" if colours(stream or sys.stderr) else text


def painted_out(text: str, code: str) -> str:
    """The same for stdout."""
    return painted(text, code, sys.stdout)


def harmless(text: str) -> str:
    """Text for a terminal: control characters, which could drive it, are shown as `\\x1b`, those that reorder text as
    `\\u202e`; the styles of `painted` stay."""
    return _CONTROL.sub(lambda found: found[1] or found[0].encode("unicode_escape").decode(), text)


def indented(text: str) -> str:
    """Data on lines of its own: its later lines are set in, so that none of them looks like one of ours."""
    return "\n    ".join(text.splitlines()) if "\n" in text or "\r" in text else text


def named(text: str) -> str:
    """A name that data gives (a column, a label, a file): what could hide or turn text around is shown as `\\u202e`."""
    return "".join(f"\\u{ord(char):04x}" if _UNSEEN.match(char) else char for char in text)


def interval(bounds: Sequence[float]) -> str:
    """From a lower to an upper bound: `0.810 – 0.874`."""
    return f"{bounds[0]:.3f} – {bounds[1]:.3f}"


def span(values: Mapping[str, T], shown: Callable[[T], str]) -> str:
    """A `low` and a `high` figure, `1 to 20`; one where they look the same."""
    low, high = shown(values["low"]), shown(values["high"])
    return low if low == high else f"{low} to {high}"


def estimated(found: Mapping[str, Any]) -> tuple[str, str, str]:
    """Calls, tokens and cost of an estimate, low and high."""
    tokens = {end: sum(found["tokens"][end].values()) for end in ("low", "high")}
    return span(found["calls"], "{:,}".format), span(tokens, "{:,}".format), span(found["cost_usd"], usd)


def _filled(text: str) -> str:
    """Every line broken at spaces to the width of the terminal, its later parts set in as the first is, or a little: no
    part of a text that others wrote begins a line of the terminal."""
    import textwrap

    filler = textwrap.TextWrapper(width(), break_long_words=False, break_on_hyphens=False, replace_whitespace=False)
    lines = text.split("\n")
    for place, whole in enumerate(lines):
        if len(whole) > filler.width:
            filler.subsequent_indent = whole[: len(whole) - len(whole.lstrip())] or "  "
            lines[place] = filler.fill(whole)
    return "\n".join(lines)


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None:
        return
    if is_terminal(stream) or stream is sys.stderr:  # logs of stderr are read on terminals, too
        text = harmless(text)
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"cannot write the output: {reason}", hint="check where the output goes") from error
    except UnicodeEncodeError:
        raw = getattr(stream, "buffer", None)
        if stream is sys.stdout and raw is not None and not is_terminal(stream):  # data stays whole, as in our files
            raw.write(f"{text}\n".encode("utf-8", "replace"))
            raw.flush()
            return
        encoding = stream.encoding or "ascii"
        print(text.encode(encoding, "replace").decode(encoding), file=stream, flush=True)


def _cell(value: Any) -> str:
    """A cell on one line, of which nothing hides or turns round."""
    return harmless(str(value)).replace("\n", "\\n").replace("\t", " ")
