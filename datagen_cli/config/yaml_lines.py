"""YAML with the line of every value, and with fewer surprises than YAML has.

Only `true` and `false` are booleans; times, dates, octals and words such as `yes` stay text; numbers and null are
those of YAML 1.2. Every mapping key becomes text. Refused with one line: a key given twice, Python and other unknown
tags, several documents, NUL bytes, text that is not UTF-8, aliases that contain themselves or blow up. The tree is
built from PyYAML's events, so nothing is ever constructed but text, numbers, booleans, lists and mappings.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NoReturn

import yaml

from datagen_cli.config.fields import label_text
from datagen_cli.config.tree import Node, Scalar, Source
from datagen_cli.config.yaml_hints import COMMA, syntax_hint
from datagen_cli.core.errors import Place, RecipeError

MAX_BYTES = 4_000_000
MAX_VALUES = 100_000
MAX_DEPTH = 50
MAX_DIGITS = 1_000
MOST_FLOAT = int(sys.float_info.max)

_TOO_DEEP = f"nested more than {MAX_DEPTH} levels deep"
_TAG = "tag:yaml.org,2002:"
_NULLS = ("", "~", "null", "Null", "NULL")
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_OCTAL = re.compile(r"[-+]?0[0-9]+")


def read_yaml(data: bytes | str, source: Source) -> Node | None:
    """The one document of a text; None when there is none (an empty file, or comments only). Raises `RecipeError`."""
    text = data if isinstance(data, str) else _decoded(data, source)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise RecipeError("not YAML: holds a NUL byte", hint="is this a text file?", place=source.place(line))
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Composer(source).compose(yaml.parse(text, Loader=loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        context = f"{error.context}, " if error.context else ""
        too_deep = "nesting depth" in str(error.problem)  # libyaml's own bound, of newer versions of PyYAML
        raise RecipeError(
            _TOO_DEEP if too_deep else f"not YAML: {context}{error.problem}",
            hint=syntax_hint(str(error.problem), text, mark.line if mark else 0),
            place=source.place(mark.line + 1 if mark else 0),
        ) from error
    except yaml.reader.ReaderError as error:
        raise RecipeError("not YAML: holds a control character", place=_place_of(error, text, source)) from error
    except (yaml.YAMLError, UnicodeError, RecursionError) as error:
        raise RecipeError("not YAML: cannot be parsed", place=source.place()) from error


class _Dumper(yaml.SafeDumper):
    """Quotes texts that `read_yaml` takes for numbers and YAML 1.1 does not, such as the digest 3816053e70822308."""


_Dumper.add_implicit_resolver(_TAG + "float", re.compile(f"(?:{_FLOAT.pattern})$"), list("-+.0123456789"))


def write_yaml(value: Any) -> str:
    """Mappings, lists, texts, numbers and booleans as YAML that `read_yaml` reads as they are."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def _decoded(data: bytes, source: Source) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        hint = "save it as UTF-8"
        raise RecipeError("not UTF-8 text", hint=hint, place=source.place(line)) from error


def _place_of(error: Any, text: str, source: Source) -> Place:
    found = re.search(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]", text)
    return source.place(text.count("\n", 0, found.start()) + 1 if found else 0)


class _Composer:
    """From parser events to nodes: each method takes the events of what it gives."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.events: Iterator[Any] = iter(())
        self.anchors: dict[str, Node | None] = {}
        """What each anchor stands for; None for a list or mapping whose end has not come yet."""
        self.unused: dict[str, Any] = {}
        """Anchors of texts that nothing has named yet, with their events."""
        self.size = 0
        """Values so far, those of aliases counted again."""

    def compose(self, events: Iterable[Any]) -> Node | None:
        self.events = iter(events)
        root: Node | None = None
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    self.refuse(event, "holds several documents", hint="keep one, without a line `---` in the middle")
                root = self.value(next(self.events), (), 0)
        for anchor, event in self.unused.items():
            self.refuse(event, f"&{anchor} is named nowhere", hint="put text that starts with & in quotes")
        return None if root is None or root.value is None else root

    def refuse(self, event: Any, message: str, *, hint: str = "") -> NoReturn:
        raise RecipeError(message, hint=hint, place=self.source.place(event.start_mark.line + 1))

    def value(self, event: Any, keys: tuple[str, ...], depth: int) -> Node:
        """The value that an event begins, inside `depth` lists and mappings; `keys` are those on the way to it."""
        if isinstance(event, yaml.AliasEvent):
            node = self.alias(event)
            self.grow(event, node.size)
            return node
        self.grow(event, 1)
        if isinstance(event, yaml.CollectionStartEvent):
            node = self.collection(event, keys, depth)
        else:
            node = self.scalar(event)
            self.unused |= {event.anchor: event} if event.anchor else {}
        self.anchors |= {event.anchor: node} if event.anchor else {}
        return node

    def grow(self, event: Any, size: int) -> None:
        """Counts further values. They are counted as they come, not at the end: a mapping may be merged into many."""
        self.size += size
        if self.size > MAX_VALUES:
            self.refuse_growth(event)

    def refuse_growth(self, event: Any) -> NoReturn:
        self.refuse(event, "grows beyond all measure through its aliases", hint="write the values out")

    def collection(self, event: Any, keys: tuple[str, ...], depth: int) -> Node:
        is_list = isinstance(event, yaml.SequenceStartEvent)
        if event.tag not in (None, "!", _TAG + ("seq" if is_list else "map")):
            self.refuse_tag(event)
        if depth >= MAX_DEPTH:
            self.refuse(event, _TOO_DEEP)
        if event.anchor:
            self.anchors[event.anchor] = None
        inner: list[Node] = []
        value: list[Node] | dict[str, Node] = inner
        if is_list:
            inner += [self.value(item, keys, depth + 1) for item in self.inside()]
        else:
            value = self.mapping(event, keys, depth, inner)
        size, deepest = 1 + sum(node.size for node in inner), 1 + max((node.depth for node in inner), default=0)
        if deepest > MAX_DEPTH:
            self.refuse_growth(event)
        return Node(value, self.source, event.start_mark.line + 1, size, deepest)

    def inside(self) -> Iterator[Any]:
        """The events that begin what stands in a list or mapping, up to its end."""
        while not isinstance(event := next(self.events), yaml.CollectionEndEvent):
            yield event

    def mapping(self, event: Any, keys: tuple[str, ...], depth: int, inner: list[Node]) -> dict[str, Node]:
        """What a mapping holds, what it merges (`<<`) first; all nodes in it are added to `inner`."""
        found: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        bare: tuple[Any, str] | None = None  # the first key in `{ }` without a colon
        colons = False
        for before in self.inside():
            if isinstance(before, yaml.CollectionStartEvent):
                hint = "put text that starts with [ or { in quotes"
                self.refuse(before, "a key must be text, found a list or a mapping", hint=hint)
            inner.append(self.value(before, keys, depth + 1))
            merges = isinstance(before, yaml.ScalarEvent) and before.implicit[0] and before.value == "<<"
            key = "" if merges else self.key(before, inner[-1], keys, found)
            after = next(self.events)
            inner.append(self.value(after, keys if merges else (*keys, key), depth + 1))
            if merges:
                for one in self.to_merge(after, inner[-1]):
                    merged |= {name: item for name, item in one.mapping.items() if name not in merged}
                continue
            if event.flow_style and after.end_mark.index <= before.end_mark.index:
                bare = bare or (after, key)
            else:
                colons = True
            found[key] = replace(inner[-1], line=before.start_mark.line + 1)
        if bare is not None and colons:  # `{good: content, glad, bad: angry}`: YAML reads a key of no value
            self.refuse(bare[0], f"{'.'.join([*keys, bare[1]])}: a key without a value", hint=COMMA)
        return {**merged, **found}

    def key(self, event: Any, node: Node, keys: tuple[str, ...], known: Mapping[str, Node]) -> str:
        if isinstance(node.value, list | dict):
            self.refuse(event, "a key must be text, found a list or a mapping")
        if node.value is None:
            hint = "write the key before the colon, in quotes if it is `null` or `~`"
            self.refuse(event, "a key is empty", hint=hint)
        key = label_text(node.value)
        if key in known:
            hint = f"first given in line {known[key].line}"
            self.refuse(event, f"{'.'.join([*keys, key])}: given twice", hint=hint)
        return key

    def to_merge(self, event: Any, node: Node) -> list[Node]:
        nodes = node.value if isinstance(node.value, list) else [node]
        if any(not isinstance(item.value, dict) for item in nodes):
            self.refuse(event, "<< takes a mapping or a list of mappings")
        return nodes

    def alias(self, event: Any) -> Node:
        if event.anchor not in self.anchors:
            self.refuse(
                event, f"*{event.anchor} names no anchor above it", hint="put text that starts with * in quotes"
            )
        node = self.anchors[event.anchor]
        self.unused.pop(event.anchor, None)
        if node is None:
            self.refuse(event, f"*{event.anchor} contains itself")
        return node

    def scalar(self, event: Any) -> Node:
        line = event.start_mark.line + 1
        if event.tag in (None, "!") or event.tag == _TAG + "str":
            plain = event.implicit[0] and event.tag is None
            return Node(self.plain_value(event) if plain else event.value, self.source, line)
        if event.tag not in (_TAG + "int", _TAG + "float", _TAG + "bool", _TAG + "null"):
            self.refuse_tag(event)
        value = self.plain_value(event)
        kind = {bool: "bool", int: "int", float: "float", type(None): "null"}.get(type(value))
        if event.tag == _TAG + "float" and isinstance(value, int) and kind == "int":
            if abs(value) > MOST_FLOAT:
                self.refuse(event, f"{event.value[:40]} is too large a number")
            return Node(float(value), self.source, line)
        if event.tag != f"{_TAG}{kind}":
            self.refuse(event, f"{event.value[:40]!r} does not fit its tag {_short_tag(event.tag)}")
        return Node(value, self.source, line)

    def plain_value(self, event: Any) -> Scalar:
        text: str = event.value
        if text in _NULLS:
            return None
        if text in ("true", "false"):
            return text == "true"
        try:
            if _INT.fullmatch(text):
                if len(text) > MAX_DIGITS:
                    raise ValueError
                return int(text, 16) if text.startswith("0x") else int(text)
            if _FLOAT.fullmatch(text) and not _OCTAL.fullmatch(text):
                value = float(text)
                if math.isfinite(value):
                    return value
                self.refuse(event, f"{text[:40]} is too large a number")
        except ValueError:
            self.refuse(event, f"{text[:40]}… is too long a number", hint="put it in quotes if it is text")
        return text

    def refuse_tag(self, event: Any) -> NoReturn:
        known = "a recipe holds text, numbers, booleans, lists and mappings only"
        hint = (
            known if event.tag.startswith(("!!", _TAG, "tag:")) else f"put text that starts with ! in quotes; {known}"
        )
        self.refuse(event, f"the tag {_short_tag(event.tag)} is not allowed", hint=hint)


def _short_tag(tag: str) -> str:
    return tag.replace(_TAG, "!!", 1) if tag.startswith(_TAG) else tag
