"""Recipes as text: what YAML can be made to do, encodings that are none, and words that look like ours.

Each is validated, shown, run and read back. A command ends with a documented exit code, in `MOST_CPU_S`, and says no line
of ours that the recipe wrote; `prompt` shows texts as they are, and is looked at for its ending only.
"""

# ruff: noqa: E501

from __future__ import annotations

import gzip
import os
import pickle
import re
import resource
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.attack.attack import ALLOWED, Attack, apart, bound_memory, ended_here, forged_line, read_commands

MOST_CPU_S, MEMORY_MB = 5.0, 6_000
HEAD = "version: 1\nname: h\ndescription: Short notes.\nmodel: offline\ncount: 2\n"
WHOLE = HEAD + "fields: {text: {type: text}}\n"
FORGED = "\\e[8m\\nnext: FORGED"
COMMANDS = (
    "validate r.yaml", "validate r.yaml --json", "prompt r.yaml", "generate r.yaml -o run --quiet", "preview r.yaml -o seen",
    "generate r.yaml -o other --dry-run", "show run", "status run", "why run 0", "eval run --metrics length",
    "export run --to jsonl -o o.jsonl", "validate whole.yaml --set include=r.yaml", "generate whole.yaml -o third --model r.yaml --dry-run",
)  # fmt: skip


def _with(more: str) -> str:
    return WHOLE + more + "\n"


def _for(part: str, instead: str) -> str:
    return WHOLE.replace(part, instead)


def _bomb(first: str, following: str) -> str:
    lines = [f"a0: &a0 {first}", *(f"a{n}: &a{n} " + following.replace("B", f"*a{n - 1}") for n in range(1, 60))]
    return _with("\n".join(lines))


TEXTS: dict[str, str] = {
    "aliases": _bomb("[x, x]", "[B, B, B]"), "merges": _bomb("{k: v}", "{<<: [B, B]}"), "a merge of itself": _with("a: &a {<<: [*a, *a]}"),
    "a merge of a text": _with("<<: text"), "an alias of itself": HEAD + "fields: &f {text: {type: text, description: *f}}\n",
    "one text 5,000 times": _for("Short notes.", "&d " + "x" * 1_000) + "".join(f"x{n}: *d\n" for n in range(5_000)),
    "hexadecimal": _for("count: 2", "count: 0x" + "f" * 100_000), "decimal": _for("count: 2", "count: " + "9" * 100_000), "binary": _for("count: 2", "count: 0b" + "1" * 100_000),
    "base 60": _for("count: 2", "count: 1" + ":59" * 100_000), "base 60 with a point": _for("count: 2", "count: 1" + ":59" * 100_000 + ".5"), "underscores": _for("count: 2", "count: 1" + "_" * 100_000 + "0"),
    "a float of an integer": _for("count: 2", "count: !!float " + "9" * 400), "a date that is none": _for("count: 2", "count: 9999-99-99"), "infinity": _for("count: 2", "count: .inf"),
    "a Python object": _with("x: !!python/object/apply:os.system ['touch PWNED']"), "a Python name": _with("x: !!python/name:os.system"), "a Python module": _with("x: !!python/module:os"),
    "a tag of a directive": "%TAG ! tag:yaml.org,2002:python/\n---\n" + _with("x: !name:os.system a"), "another version": "%YAML 9.9\n---\n" + WHOLE, "many directives": "%TAG !a! x\n" * 50_000 + "---\n" + WHOLE,
    "bytes": _with("x: !!binary " + "A" * 1_000_000), "a set": _for("fields: {", "fields: !!set {"), "pairs": _with("x: !!pairs [a: 1]"), "an unknown tag": _for("count: 2", "count: !x 2"),
    "a list as a mapping": _for("count: 2", "count: !!map [1]"), "a text as a number": _for("count: 2", "count: !!int abc"), "a mapping as a text": _for("count: 2", "count: !!str {a: b}"),
    "open lists": _with("x: " + "[" * 100_000), "closed lists": _with("x: " + "[" * 20_000 + "]" * 20_000), "mappings": _with("x: " + "{a: " * 20_000 + "}" * 20_000), "dashes": _with("x:\n" + "- " * 50_000),
    "steps": _with("x:\n" + "".join(" " * n + "-\n" for n in range(1, 2_000))), "questions": _with("? " * 20_000), "anchors": _with("".join(f"x{n}: &x{n} 1\n" for n in range(50_000))), "documents": (WHOLE + "---\n") * 1_000,
    "a list as a key": _with("? [a, b]\n: c"), "no key": _with("? \n: c"), "a number as a key": _with("1: 2"), "a key twice": _with("count: 3"), "a long key": _with("k" * 1_000_000 + ": 1"), "a long key in quotes": _with('"' + "k" * 1_000_000 + '": 1'),
    "a comment of 3 MB": _with("#" + "x" * 3_000_000), "spaces": _with(" " * 3_000_000), "lines": _with("\n" * 2_000_000), "tabs": _with("\tx: 1"), "carriage returns": WHOLE.replace("\n", "\r"), "next lines": WHOLE.replace("\n", "\x85"),
    "line separators": WHOLE.replace("\n", "\u2028"), "a folded text": _with("x: >\n" + " a\n" * 200_000), "escapes": _with('x: "' + "\\n" * 500_000 + '"'), "an escape beyond all": _with('x: "\\U99999999"'), "half a character": _for("Short notes.", '"\\ud800"'),
    "a null character": _for("name: h", 'name: "a\\0b"'), "signs above signs": _for("Short notes.", "x" + "\u0301" * 100_000), "a terminal's own": _for("Short notes.", "a\x9b8mb"),
    "forged name": _for("name: h", f'name: "a{FORGED}"'), "turned name": _for("name: h", "name: a\u202eb"), "forged description": _for("Short notes.", f'"x{FORGED}"'), "forged field": HEAD + f'fields: {{"te{FORGED}": {{type: text}}}}\n',
    "forged label": HEAD + f'fields: {{text: {{type: text}}, k: {{type: label}}}}\nlabel: {{field: k, values: {{"a{FORGED}": "b", c: d}}}}\n', "forged key": _with(f'"zz{FORGED}": 1'), "forged model": _for("model: offline", f'model: "off{FORGED}"'),
    "forged attribute": _with(f'attributes: {{"a{FORGED}": [x, "y{FORGED}"]}}'), "forged include": _with(f'include: "{FORGED}"'), "forged base": _with(f'base: {{path: "{FORGED}.jsonl"}}'), "forged check": _with(f'validators: ["{FORGED}"]'),
    "forged address": _for("model: offline", f'model: {{name: any/x, base_url: "http://a{FORGED}/v1"}}'), "forged pattern": _with(f'constraints: [{{pattern: {{field: text, regex: "({FORGED}"}}}}]'), "forged template": _with(f'prompts: {{system: "{{{{ {FORGED} }}}}"}}'),
    "forged key's name": _for("model: offline", f'model: {{name: any/x, base_url: "http://localhost:1", api_key_env: "A{FORGED}_KEY"}}'),
}  # fmt: skip
BYTES: dict[str, bytes] = {
    **{name: WHOLE.encode(name) for name in ("utf-16", "utf-16-be", "utf-32", "utf-7")}, "a mark": b"\xef\xbb\xbf" + WHOLE.encode(), "two marks": b"\xef\xbb\xbf" * 2 + WHOLE.encode(),
    "latin": WHOLE.replace("Short", "Sh\xf6rt").encode("latin-1"), "zeros": bytes(1_000_000), "a zero": WHOLE.encode().replace(b"Short", b"Sh\0ort"), "too long a form": WHOLE.encode().replace(b"Short", b"\xc0\xaf"),
    "half a pair": WHOLE.encode().replace(b"Short", b"\xed\xa0\x80"), "packed": gzip.compress(WHOLE.encode()), "nothing": b"", "a list": b"[1]", "a number": b"7", "a word": b"hello", "a half": WHOLE.encode()[:60], "a bell": WHOLE.encode() + b"\x07", "a pickle": pickle.dumps(1),
}  # fmt: skip


def attacks() -> list[Attack]:
    """Every text, as a recipe, a part of one, and a model's file."""
    every = {**{name: text.encode("utf-8", "surrogatepass") for name, text in TEXTS.items()}, **BYTES}
    return [Attack(name, partial(tried, content)) for name, content in every.items()]


def tried(content: bytes, folder: Path) -> str:
    """All commands on a recipe in a process of their own; what is wrong with those that ended badly."""
    (folder / "r.yaml").write_bytes(content)
    (folder / "whole.yaml").write_text(WHOLE)
    read_commands()
    return apart(partial(wrong_of, folder, COMMANDS, MOST_CPU_S), folder)


def wrong_of(folder: Path, commands: tuple[str, ...], most_cpu_s: float, note: Callable[[str], None]) -> str:
    """Runs commands in `folder`, within bounds. What was wrong with them, or an empty text."""
    os.chdir(folder)
    bound_memory(MEMORY_MB)
    resource.setrlimit(resource.RLIMIT_CPU, (120, 120))
    found = []
    for command in commands:
        note(command)
        words = [re.sub("\x1f", " ", word) for word in command.split(" ")]
        ended = ended_here(words)
        forged = "" if words[0] == "prompt" else forged_line(ended)
        if problem := ended.wrong(ALLOWED, most_cpu_s) or forged or ("\x1b" in ended.err and "ESC on stderr"):
            found.append(f"{command}: {problem}".replace("\n", " "))
    return "; ".join([*found, *(["a program was run"] if Path("PWNED").exists() else [])])
