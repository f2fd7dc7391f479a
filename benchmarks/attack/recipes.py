"""Hostile recipes: a wrong or huge value at every key of the schema, and recipes made to hang, allocate or break.

Each is validated, shown as a prompt and run. It ends with a documented exit code, in `MOST_CPU_S`, in `MEMORY_MB`.
"""

# ruff: noqa: E501

from __future__ import annotations

import copy
import json
import os
import random
import resource
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.attack.attack import ALLOWED, Attack, apart, bound_memory, ended_here, read_commands
from datagen_cli.config.schema import recipe_schema

MOST_CPU_S, MEMORY_MB, PATIENCE_S = 5.0, 6_000, 600.0
DRAWN = 200
COMMANDS = ("validate recipe.yaml", "prompt recipe.yaml", "generate recipe.yaml -o run --quiet")
TEXT: dict[str, Any] = {
    "version": 1, "name": "hostile", "description": "Short notes of a gardener.", "model": "offline", "count": 2,
    "fields": {"text": {"type": "text"}, "kind": {"type": "label"}},
    "label": {"field": "kind", "values": {"a": "one", "b": "two"}},
}  # fmt: skip
BASED: dict[str, Any] = {
    "version": 1, "name": "hostile", "description": "Questions of a gardener.", "model": "offline", "count": 2,
    "base": {"path": "rows.jsonl"}, "fields": {"question": "question", "answer": {"column": "answer", "type": "number"}},
    "examples": {"strategy": "random", "k": 2},
}  # fmt: skip
LOOPS = "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}"
DOUBLED = "{% set ns = namespace(x=(1,), y=(1,)) %}{% for i in range(60) %}{% set ns.x = (ns.x, ns.x) %}{% set ns.y = (ns.y, ns.y) %}{% endfor %}"
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63), 10**30, 10**400, 1e308, float("nan"), float("inf"), -0.0, 0.5, "",
    " ", "x", "x" * 100_000, "a\x00b", "\x1b[31mred", "‮gnp.exe", "é" * 300, "${HOME}", "${NOPE}", "../../etc/passwd",
    "/dev/zero", "/", "~", "-", ".", "nul\n", "yes", "1e9", "2024-01-01", "offline", "text", "question", "label", "[", "(a+)+$",
    "^(a|a|a|a|a|a|a|a)*$", "(" * 3000, "a{1,4294967295}", "(?P<x", r"(a{1000}){1000}", "{{ x }}", "{{ 7 * 7 }}", "{%", LOOPS,
    "{{ lipsum(n=100000) }}", "{{ 'x' * 10**10 }}", "{{ 2 ** 10 ** 9 }}", [], [[]], [None], ["a", "a"], ["x"] * 20_000, {},
    {"": ""}, {"a": None}, {"a": {"a": {"a": {}}}}, {str(n): n for n in range(3000)}, {"$ref": "#"}, {"type": "x"},
)  # fmt: skip


def attacks() -> list[Attack]:
    """Those made by hand, and `DRAWN` drawn from a seed."""
    found = [
        Attack(f"made: {name}", partial(tried, json.dumps(recipe), files, words))
        for name, recipe, files, words in made()
    ]
    return found + [
        Attack(f"drawn {n}: {where}", partial(tried, json.dumps(recipe), {}, ())) for n, where, recipe in drawn()
    ]


def drawn(count: int = DRAWN, seed: int = 0) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Recipes of which one or two keys hold a value that they should not."""
    draw = random.Random(seed)
    schema = recipe_schema()
    paths = list(dict.fromkeys(_paths(schema, schema, 4)))
    for number in range(count):
        recipe = copy.deepcopy(draw.choice((TEXT, BASED)))
        wheres = [paths[(number * 7 + step * 61) % len(paths)] for step in range(draw.choice((1, 1, 2)))]
        for where in wheres:
            _put(recipe, where, draw.choice(VALUES))
        yield number, " and ".join(".".join(where) for where in wheres), recipe


def _paths(schema: Any, root: Any, depth: int) -> Iterator[tuple[str, ...]]:
    """Every key of a JSON Schema, to some depth; a list's item is `0`, a free key `text`."""
    if depth < 0 or not isinstance(schema, dict):
        return
    if "$ref" in schema:
        yield from _paths(root["$defs"][schema["$ref"].rpartition("/")[2]], root, depth)
    for name, part in {**schema.get("properties", {}), "text": schema.get("additionalProperties")}.items():
        if isinstance(part, dict):
            yield (name,)
            yield from ((name, *rest) for rest in _paths(part, root, depth - 1))
    if isinstance(schema.get("items"), dict):
        yield ("0",)
        yield from (("0", *rest) for rest in _paths(schema["items"], root, depth - 1))
    for kind in ("anyOf", "oneOf", "allOf"):
        for part in schema.get(kind, ()):
            yield from _paths(part, root, depth)


def _put(recipe: dict[str, Any], where: tuple[str, ...], value: Any) -> None:
    node: Any = recipe
    for step, following in pairwise(where):
        empty: Any = [{}] if following == "0" else {}
        if isinstance(node, list):
            node[0] = node[0] if isinstance(node[0], dict | list) and node[0] else empty
            node = node[0]
        else:
            there = node.get(step)
            fits = isinstance(there, list if following == "0" else dict) and there
            node[step] = there if fits else empty
            node = node[step]
    if isinstance(node, list):
        node[0] = value
    else:
        node[where[-1]] = value


def made() -> Iterator[tuple[str, dict[str, Any], dict[str, str], tuple[str, ...]]]:
    """Recipes made to hang, to allocate without end, or to leave with exit code 1; the files beside them; options."""
    many = "|".join("a" * 40)
    patterns = {
        "nested repeats": "^(a+)+$", "many ways in few characters": f"^({many})*$", "words": r"^(\w+\s?)*$",
        "overlapping": "^(a|aa|aaa)*b$", "counted": "^(a{1,50}){1,50}b$", "look-ahead": "^(?=(a+)+$)b",
        "deep": "(" * 2000 + ")" * 2000, "huge count": "a{99999}{99999}", "backreference": r"^(a*)*\1$",
    }  # fmt: skip
    rows = {"rows.jsonl": "".join(json.dumps({"question": "a" * 14 + "!", "answer": n}) + "\n" for n in range(30))}
    prose = {"rows.jsonl": "".join(json.dumps({"question": "word " * 30 + "!", "answer": n}) + "\n" for n in range(30))}
    for name, regex in patterns.items():
        yield f"pattern, {name}", {**TEXT, "constraints": [{"pattern": {"field": "text", "regex": regex}}]}, {}, ()
        schema = {"schema": {"schema": {"properties": {"text": {"pattern": regex}}}}}
        yield f"schema pattern, {name}", {**TEXT, "validators": [schema]}, {}, ()
        keys = {"schema": {"schema": {"patternProperties": {regex: {"minLength": 1}}}}}
        yield f"schema keys, {name}", {**TEXT, "validators": [keys]}, {}, ()
        reads = {"question": {"column": "question", "regex": regex}, "answer": "answer"}
        yield f"field regex, {name}", {**BASED, "fields": reads}, rows, ()
        skips = {"path": "rows.jsonl", "on_bad_row": "skip"}
        yield f"field regex skipping, {name}", {**BASED, "fields": reads, "base": skips}, prose, ()
        yield (
            f"pattern of a base, {name}",
            {**BASED, "constraints": [{"pattern": {"field": "question", "regex": regex}}]},
            prose,
            (),
        )
    templates = {
        "loops": LOOPS, "lipsum": "{{ lipsum(n=200000, min=90, max=99) }}", "a power": "{{ 10 ** (10 ** 8) }}",
        "a product": "{{ 'x' * 10 ** 10 }}", "padding": "{{ 'x'|center(10 ** 10) }}", "a format": "{{ '%10000000000d' % 1 }}",
        "doubling": "{% set ns = namespace(x='xxxxxxxx') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}",
        "squaring": "{% set ns = namespace(x=99) %}{% for i in range(60) %}{% set ns.x = ns.x * ns.x %}{% endfor %}{{ ns.x > 1 }}",
        "recursion": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "a wrong type": "{{ 1 + 'a' }}", "a zero": "{{ 1 / 0 }}",
        "an attribute": "{{ ''.__class__.__mro__ }}", "a missing key": "{{ {}['a'] }}", "an unknown name": "{{ nope }}",
        "an unknown filter": "{{ 1|nope }}", "brackets": "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", "an include": "{% include 'x' %}",
        "a list": "{{ [1] * 10 ** 10 }}", "a join": "{{ range(99999)|map('string')|join('x' * 99999) }}", "a surrogate": "{{ '\\ud800' }}",
        "a sum": "{{ range(10 ** 12)|sum }}", "an index": "{{ 'abc'[10 ** 30] }}", "a huge number": "{{ '9' * 9999|int }}",
        "a comparison": DOUBLED + "{{ ns.x == ns.y }}", "a key": DOUBLED + "{{ {ns.x: 1} }}", "a search": DOUBLED + "{{ [ns.x].index(ns.y) }}",
        "a test": DOUBLED + "{{ [ns.x]|select('eq', ns.y)|list }}", "a sort": "{% set a = 'x' * 200000 ~ 'a' %}{% set b = 'x' * 200000 ~ 'b' %}{{ ([a, b] * 99999)|select|sort(case_sensitive=true)|length }}",
        "an iteration over nothing": "{% for a in 5 %}{% endfor %}", "a call of a text": "{{ description() }}", "batches": "{{ range(99999)|batch(1, 'x' * 99999)|list }}",
    }  # fmt: skip
    for name, text in templates.items():
        for key in ("system", "generate"):
            yield f"{key} template, {name}", {**TEXT, "prompts": {key: text}}, {}, ()
        yield (
            f"field template, {name}",
            {**BASED, "fields": {"question": {"template": text}, "answer": "answer"}},
            rows,
            (),
        )
    for name, part in {
        "itself": {"$ref": "#"}, "all of itself": {"allOf": [{"$ref": "#"}]}, "any of itself": {"properties": {"text": {"$ref": "#"}}},
        "a long way": _doubling(40, "allOf"), "a wide way": _doubling(40, "anyOf"), "deep": _deep(900), "a false schema": {"not": {}},
        "huge bounds": {"properties": {"text": {"minLength": 10**400, "multipleOf": 1e-300}}}, "a foreign address": {"$ref": "http://127.0.0.1:9/x"},
        "a broken pattern": {"properties": {"text": {"pattern": "["}}}, "a number as a type": {"type": 3},
    }.items():  # fmt: skip
        yield f"schema of {name}", {**TEXT, "validators": [{"schema": {"schema": part}}]}, {}, ()
        yield (
            f"field schema of {name}",
            {**TEXT, "fields": {**TEXT["fields"], "data": {"type": "json", "schema": part}}},
            {},
            (),
        )
    levels = {f"i{n}.yaml": json.dumps({"include": [f"i{n + 1}.yaml", f"./i{n + 1}.yaml"]}) for n in range(22)}
    yield "2^22 includes", {**TEXT, "include": "i0.yaml"}, {**levels, "i22.yaml": "count: 2\n"}, ()
    yield "a pattern over the disk", {**TEXT, "dedup": {"near": 0.8, "against": ["/*" * 12 + ".jsonl"]}}, {}, ()
    yield "3,000 includes", {**TEXT, "include": ["one.yaml"] * 3000}, {"one.yaml": "count: 2\n"}, ()
    for device in ("/dev/zero", "/dev/full", "/dev/random", "pipe", "/proc/kmsg", ".", "/dev/tty"):
        yield f"base {device}", {**BASED, "base": {"path": device}}, {}, ()
        yield f"include {device}", {**TEXT, "include": device}, {}, ()
        yield f"schema file {device}", {**TEXT, "validators": [{"schema": device}]}, {}, ()
        yield f"against {device}", {**TEXT, "dedup": {"near": 0.8, "against": [device]}}, {}, ()
        yield f"model file {device}", {**TEXT, "model": device if device.endswith("l") else f"{device}.yaml"}, {}, ()
    for name, text in {"pipe.j2": "pipe", "zero.j2": "/dev/zero"}.items():
        yield f"template file {text}", {**TEXT, "prompts": {"system": name}}, {f"-> {name}": text}, ()
    for name, value in {"count": 10**9, "seed": 10**30, "records_per_call": 10**9}.items():
        yield f"{name} {value}", {**TEXT, name: value}, {}, ("-n", "2")
    for name in ("concurrency", "attempts_per_record", "patience_s", "max_minutes", "max_cost", "max_total_tokens"):
        for number in (10**9, 10**30, 1e308):
            yield f"{name} {number:g}", {**TEXT, "limits": {name: number}}, {}, ()
    yield "a count of 1e9, run", {**TEXT, "count": 10**9, "limits": {"max_total_tokens": 1}}, {}, ()
    yield (
        "quota of 1e9",
        {**TEXT, "label": {"field": "kind", "values": {"a": "", "b": ""}, "quota": {"a": 10**30, "b": 1}}},
        {},
        (),
    )
    yield "weights of 1e308", {**TEXT, "attributes": {"x": {"values": ["a", "b"], "weights": [1e308, 1e308]}}}, {}, ()
    yield "k of 1e9", {**BASED, "examples": {"strategy": "random", "k": 10**9}}, rows, ()


def _doubling(levels: int, kind: str) -> dict[str, Any]:
    """Two ways from each level to the next: 2 ** levels in all."""
    parts = {f"a{n}": {kind: [{"$ref": f"#/$defs/a{n + 1}"}, {"$ref": f"#/$defs/a{n + 1}"}]} for n in range(levels)}
    last = {"minProperties": 1} if kind == "allOf" else {"minProperties": 999}
    return {"$ref": "#/$defs/a0", "$defs": {**parts, f"a{levels}": last}}


def _deep(levels: int) -> dict[str, Any]:
    part: dict[str, Any] = {}
    for _ in range(levels):
        part = {"items": part}
    return part


def tried(recipe: str, files: dict[str, str], words: tuple[str, ...], folder: Path) -> str:
    """Runs the commands on a recipe; what is wrong with how they ended."""
    (folder / "rows.jsonl").write_text(
        '{"question": "How many beds?", "answer": 3}\n{"question": "Why?", "answer": 4}\n'
    )
    for name, text in files.items():
        if name.startswith("-> "):
            (folder / name[3:]).symlink_to(text)
        else:
            (folder / name).write_text(text, "utf-8")
    os.mkfifo(folder / "pipe")
    (folder / "recipe.yaml").write_text(recipe, "utf-8")
    read_commands()
    return apart(lambda note: _wrong(folder, words, note), folder, PATIENCE_S)


def _wrong(folder: Path, words: tuple[str, ...], note: Callable[[str], None]) -> str:
    """Validates, shows and runs `recipe.yaml` of a folder; what is wrong with the first that ended badly."""
    os.chdir(folder)
    os.environ.clear()
    os.environ |= {"PATH": "/usr/bin:/bin", "HOME": str(folder)}
    bound_memory(MEMORY_MB)
    resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
    for command in COMMANDS:
        note(command)
        more = words if command.startswith("generate") else ()
        if problem := ended_here([*command.split(), *more]).wrong(ALLOWED, MOST_CPU_S):
            return f"{command}: {problem}"
    return ""
