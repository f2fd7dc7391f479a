"""What YAML is read into: values that know their file and line, and what is done to them before they are validated."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from datagen_cli.core.errors import Place

Scalar = str | int | float | bool | None
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Where text came from: the name shown to the user, and the absolute folder its relative paths start from.

    `lines` is false for what was written on the command line.
    """

    name: str
    folder: str = ""
    lines: bool = True

    def place(self, line: int = 0) -> Place:
        """A line of this source, for an error."""
        return Place(self.name, line if self.lines else 0)


@dataclass(frozen=True, slots=True)
class Node:
    """One value with its place. A mapping holds nodes by text key, a list holds nodes; aliases share nodes.

    `size` counts the values inside, aliases as often as they are used; `depth` is 1 for a scalar.
    """

    value: Scalar | list[Node] | dict[str, Node]
    source: Source
    line: int = 0
    size: int = field(default=1, compare=False)
    depth: int = field(default=1, compare=False)

    @property
    def place(self) -> Place:
        """File and line, for an error."""
        return self.source.place(self.line)

    @property
    def mapping(self) -> dict[str, Node]:
        """The nodes of a mapping; empty for anything else."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> list[Node]:
        """The nodes of a list; empty for anything else."""
        return self.value if isinstance(self.value, list) else []

    def plain(self) -> Any:
        """The value as dicts, lists and scalars."""
        if isinstance(self.value, dict):
            return {key: item.plain() for key, item in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value

    def at(self, path: Sequence[str | int]) -> Node | None:
        """The node at a path, or None."""
        node: Node | None = self
        for part in path:
            if node is None:
                return None
            if isinstance(part, int):
                node = node.items[part] if 0 <= part < len(node.items) else None
            else:
                node = node.mapping.get(part)
        return node

    def nearest(self, path: Sequence[str | int]) -> Node:
        """The node at a path, or the deepest one that exists on the way there."""
        for length in range(len(path), 0, -1):
            found = self.at(path[:length])
            if found is not None:
                return found
        return self

    def with_value(self, value: Scalar | list[Node] | dict[str, Node]) -> Node:
        """The same place with another value."""
        return replace(self, value=value)


def show_path(path: Sequence[str | int]) -> str:
    """`constraints[1].length.max_words`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def as_node(value: Any, source: Source, line: int = 0) -> Node:
    """A node, and nodes below it, that all lie at one place."""
    if isinstance(value, Mapping):
        return Node({str(key): as_node(item, source, line) for key, item in value.items()}, source, line)
    if isinstance(value, list):
        return Node([as_node(item, source, line) for item in value], source, line)
    return Node(value, source, line)


def read_path(where: str) -> Path:
    """The path that `show_path` shows: `constraints[1].length` and `constraints.1.length` alike."""
    parts = re.sub(r"\[(\d+)\]", r".\1", where).split(".")
    return tuple(int(part) if re.fullmatch(r"[0-9]{1,9}", part) else part for part in parts if part)


def put(root: Node, path: Sequence[str | int], node: Node) -> Node:
    """The tree with another node at a path; mappings on the way are made, lists must be long enough."""
    if not path:
        return node
    part, rest = path[0], path[1:]
    if isinstance(part, int):
        items = list(root.items)
        items[part] = put(items[part], rest, node)
        return root.with_value(items)
    inner = root.mapping.get(part) or Node({}, node.source, node.line)
    return root.with_value({**root.mapping, part: put(inner, rest, node)})


def without(root: Node, path: Sequence[str | int]) -> Node:
    """The tree without the value at a path that exists."""
    parent = root.at(path[:-1])
    part = path[-1]
    if parent is None:
        return root
    if isinstance(part, int):
        return put(root, path[:-1], parent.with_value([item for i, item in enumerate(parent.items) if i != part]))
    return put(root, path[:-1], parent.with_value({key: item for key, item in parent.mapping.items() if key != part}))


def merge(below: Node, above: Node) -> Node:
    """Mappings merge key by key, anything else is replaced by what lies above."""
    if not (isinstance(below.value, dict) and isinstance(above.value, dict)):
        return above
    merged = dict(below.value)
    for key, node in above.value.items():
        merged[key] = merge(merged[key], node) if key in merged else node
    return above.with_value(merged)
