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
from dataclasses import dataclass, field, replace
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


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet."""

    event: Any
    items: list[Node] = field(default_factory=list)
    keys: dict[str, Node] = field(default_factory=dict)
    merged: list[Node] = field(default_factory=list)
    key: Node | None = None
    key_end: int = 0
    bare: tuple[Any, str] | None = None
    """The first key in `{ }` without a colon, and its event."""
    colons: bool = False
    merging: bool = False
    size: int = 1
    depth: int = 1

    @property
    def wants_key(self) -> bool:
        return isinstance(self.event, yaml.MappingStartEvent) and self.key is None and not self.merging


class _Composer:
    """From parser events to nodes, without recursion."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.anchors: dict[str, Node | None] = {}
        self.unused: dict[str, Any] = {}
        """Anchors of texts that nothing has named yet, with their events."""
        self.stack: list[_Open] = []
        self.root: Node | None = None

    def compose(self, events: Any) -> Node | None:
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self.refuse(event, "holds several documents", hint="keep one, without a line `---` in the middle")
            elif isinstance(event, yaml.ScalarEvent):
                self.close(event, self.scalar(event), merge_key=event.implicit[0] and event.value == "<<")
            elif isinstance(event, yaml.AliasEvent):
                self.close(event, self.alias(event))
            elif isinstance(event, yaml.CollectionStartEvent):
                self.open(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                opened = self.stack.pop()
                if opened.bare is not None and opened.colons:
                    self.refuse_bare(*opened.bare)
                self.close(opened.event, self.collection(opened))
        for anchor, event in self.unused.items():
            self.refuse(event, f"&{anchor} is named nowhere", hint="put text that starts with & in quotes")
        empty = self.root is not None and self.root.value is None
        return None if empty else self.root

    def refuse(self, event: Any, message: str, *, hint: str = "") -> NoReturn:
        raise RecipeError(message, hint=hint, place=self.source.place(event.start_mark.line + 1))

    def refuse_bare(self, event: Any, key: str) -> NoReturn:
        """Refuses `glad` in `{good: content, glad, bad: angry}`: YAML reads a key of no value."""
        above = [str(opened.key.value) for opened in self.stack if opened.key is not None]
        self.refuse(event, f"{'.'.join([*above, key])}: a key without a value", hint=COMMA)

    def open(self, event: Any) -> None:
        expected = "seq" if isinstance(event, yaml.SequenceStartEvent) else "map"
        if event.tag not in (None, "!", _TAG + expected):
            self.refuse_tag(event)
        if self.stack and self.stack[-1].wants_key:
            hint = "put text that starts with [ or { in quotes"
            self.refuse(event, "a key must be text, found a list or a mapping", hint=hint)
        if len(self.stack) >= MAX_DEPTH:
            self.refuse(event, _TOO_DEEP)
        if event.anchor:
            self.anchors[event.anchor] = None
        self.stack.append(_Open(event))

    def close(self, event: Any, node: Node, *, merge_key: bool = False) -> None:
        """A value is complete: it gets its anchor and goes into what surrounds it."""
        if getattr(event, "anchor", None) and not isinstance(event, yaml.AliasEvent):
            self.anchors[event.anchor] = node
            if isinstance(event, yaml.ScalarEvent):
                self.unused[str(event.anchor)] = event
        if not self.stack:
            self.root = node
            return
        parent = self.stack[-1]
        parent.size += node.size
        parent.depth = max(parent.depth, node.depth + 1)
        if parent.size > MAX_VALUES or parent.depth > MAX_DEPTH:
            self.refuse(event, "grows beyond all measure through its aliases", hint="write the values out")
        if isinstance(parent.event, yaml.SequenceStartEvent):
            parent.items.append(node)
        elif parent.merging:
            parent.merged.extend(self.to_merge(event, node))
            parent.merging = False
        elif parent.key is None:
            parent.merging = merge_key
            parent.key = None if merge_key else self.mapping_key(event, parent, node)
            parent.key_end = event.end_mark.index
        else:
            if parent.event.flow_style and event.end_mark.index <= parent.key_end:
                parent.bare = parent.bare or (event, str(parent.key.value))
            else:
                parent.colons = True
            parent.keys[str(parent.key.value)] = replace(node, line=parent.key.line)
            parent.key = None

    def mapping_key(self, event: Any, parent: _Open, node: Node) -> Node:
        if isinstance(node.value, list | dict):
            self.refuse(event, "a key must be text, found a list or a mapping")
        if node.value is None:
            self.refuse(
                event, "a key is empty", hint="write the key before the colon, in quotes if it is `null` or `~`"
            )
        key = label_text(node.value)
        if key in parent.keys:
            path = [str(opened.key.value) for opened in self.stack[:-1] if opened.key is not None]
            self.refuse(
                event, f"{'.'.join([*path, key])}: given twice", hint=f"first given in line {parent.keys[key].line}"
            )
        return Node(key, self.source, event.start_mark.line + 1)

    def to_merge(self, event: Any, node: Node) -> list[Node]:
        nodes = node.value if isinstance(node.value, list) else [node]
        if any(not isinstance(item.value, dict) for item in nodes):
            self.refuse(event, "<< takes a mapping or a list of mappings")
        return nodes

    def collection(self, opened: _Open) -> Node:
        line = opened.event.start_mark.line + 1
        if isinstance(opened.event, yaml.SequenceStartEvent):
            return Node(opened.items, self.source, line, opened.size, opened.depth)
        merged: dict[str, Node] = {}
        for node in opened.merged:
            for key, item in node.mapping.items():
                merged.setdefault(key, item)
        return Node({**merged, **opened.keys}, self.source, line, opened.size, opened.depth)

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
