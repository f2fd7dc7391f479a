"""What to do about text that is no YAML, read off the line that the parser stopped at.

The parser says what it expected; people who write a recipe by hand mostly forgot quotes. Hints only: nothing is read
otherwise for them.
"""

from __future__ import annotations

import re

LONGEST = 500
"""Characters of a line that are looked at."""
COMMA = "in { } a comma ends a value: put text that holds a comma in quotes, several values in [ ]"
COLON = "put text that holds `: ` in quotes"
TABS = "indent with spaces, not with tabs"
ESCAPE = r"between double quotes a backslash begins an escape: write \\, or use single quotes"
APOSTROPHE = "between single quotes write '' for an apostrophe, or use double quotes"
GOES_ON = "the text goes on behind its closing quotation mark: put all of it in quotes of the other kind"
_ITEM = re.compile(r"""(?P<indent>\s*)(?:- +)*(?:(?P<key>[^\s"'{\[#:][^:#]*?) *: +)?(?P<value>\S.*)""")
_NO_SPACE = re.compile(r"\s*(?:- +)?[A-Za-z_]\w*:[^\s:/]")
_SPECIAL = "[{*&!%@`-?|>,]}"


def syntax_hint(problem: str, text: str, line: int) -> str:
    """A hint for a problem of PyYAML's at a line of the text, counted from 0; empty where nothing is known."""
    lines = [one[:LONGEST] for one in text.splitlines()[: line + 1]]
    here = lines[line] if line < len(lines) else ""
    if "tab" in problem or "\t" in here[: len(here) - len(here.lstrip())]:
        return TABS
    if "escape" in problem:
        return ESCAPE
    before = [(number, lines[number]) for number in range(min(line, len(lines)) - 1, -1, -1) if lines[number].strip()]
    for one in (here, before[0][1] if before else ""):
        if hint := _of_line(one):
            return hint
    if "expected ',' or" in problem:
        return f"close the {'[' if ']' in problem else '{'}"
    if "mapping values are not allowed" in problem:
        return COLON
    if "expected key" in problem and here.strip() and before:
        return _indented(here, [one for _, one in before])
    return ""


def _of_line(line: str) -> str:
    """What is wrong with the value of a line alone."""
    found = _ITEM.fullmatch(line)
    if found is None:
        return ""
    value = found["value"]
    if value[0] in "\"'" and (end := _closing(value)) and re.match(r"\s*[^\s#,:\]}]", value[end:]):
        return APOSTROPHE if value[0] == "'" and value[end - 2].isalpha() and value[end].isalpha() else GOES_ON
    if found["key"] is not None and _starts_like_yaml(value):
        return f"put text that starts with {value[0]} in quotes"
    if _flow_colon(value):
        return COLON
    return "put a space behind the colon" if found["key"] is None and _NO_SPACE.match(line) else ""


def _closing(value: str) -> int:
    """The place behind the quotation mark that closes the first one; 0 where none does."""
    quoted = re.match(r'"(?:[^"\\]|\\.)*"' if value[0] == '"' else r"'(?:[^']|'')*'", value)
    return quoted.end() if quoted else 0


def _starts_like_yaml(value: str) -> bool:
    """Whether a text begins with a sign of YAML's: brackets count where more follows the one that closes them."""
    if value[0] in "[{":
        close = value.rfind("]" if value[0] == "[" else "}")
        return close > 0 and re.match(r"\s*[^\s#]", value[close + 1 :]) is not None
    if value[0] in "|>":
        return re.match(r"[|>][+-]?\d?[+-]?\s*(?:#.*)?$", value) is None
    if value[0] in "-?":
        return value[1:2] in ("", " ")
    return value[0] in _SPECIAL


def _flow_colon(value: str) -> bool:
    """Whether a value within brackets has a colon of its own: `{description: the text: what is said}`."""
    return re.search(r"[{,]\s*[\w.]+: [^\"'{\[,}\]]*: ", value) is not None


def _indented(here: str, before: list[str]) -> str:
    own, levels = _indent(here), sorted({_indent(one) for one in before})
    near = min(levels, key=lambda level: (abs(level - own), -level))
    if own in levels:
        return ""
    return f"this line is indented by {own} space{'' if own == 1 else 's'}, the ones above it by {near}"


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
