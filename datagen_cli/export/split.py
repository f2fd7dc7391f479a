"""Rows divided among splits by weight: what was written together stays together, labels keep their shares.

Records of one correlated group, and parents with their children, are one cluster and go to one split. The order of
clusters is a digest of their ids, so that the same run always gives the same splits, whatever the order of its rows.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from datagen_cli.core.digest import digest
from datagen_cli.core.errors import UsageError

SHAPE = "such as --split train=0.8,test=0.2"
NAMED = f"letters, digits and underscores, {SHAPE}"


def parse_split(text: str) -> dict[str, float]:
    """`train=0.8,test=0.2` as shares that add up to 1. Raises `UsageError`."""
    shares: dict[str, float] = {}
    for part in text.split(","):
        name, equals, number = (piece.strip() for piece in part.partition("="))
        try:
            share = float(number)
        except ValueError:
            share = -1.0
        if not equals or not name or not 0 < share < float("inf"):
            raise UsageError(f"--split: {part.strip()!r} is no NAME=SHARE", hint=SHAPE)
        if not re.fullmatch(r"\w+", name) or name == "all":
            raise UsageError(f"--split: {name!r} cannot name a split: datasets reads no such name", hint=NAMED)
        if name in shares:
            raise UsageError(f"--split: {name} is given twice", hint=SHAPE)
        shares[name] = share
    if abs(sum(shares.values()) - 1) > 0.001:
        raise UsageError(f"--split: the shares add up to {sum(shares.values()):g}, not to 1", hint=SHAPE)
    return shares


def clusters(ids: Sequence[str], lineage: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Id → the name of its cluster, for all `ids`; a record that nothing ties to others is a cluster of its own."""
    parent = {id_: id_ for id_ in ids}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for line in lineage:
        id_ = line.get("id")
        for kind in ("group", "parent"):
            if isinstance(id_, str) and isinstance(line.get(kind), str):
                other = f"group {line[kind]}" if kind == "group" else line[kind]
                parent[root(id_)] = root(other)
    return {id_: root(id_) for id_ in ids}


def split_rows(
    rows: Sequence[Mapping[str, Any]], shares: Mapping[str, float], cluster_of: Mapping[str, str], label: str | None
) -> dict[str, list[Mapping[str, Any]]]:
    """Rows by split, each in the order of `rows`. Raises `UsageError` when a split would stay empty."""
    members: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        members[cluster_of[str(row["id"])]].append(row)
    if len(members) < len(shares):
        what = "records" if len(members) == len(rows) else f"groups ({len(rows):,} records that belong together)"
        raise UsageError(
            f"--split: {len(members):,} {what} cannot fill {len(shares)} splits",
            hint="fewer splits, or a run with more of them",
        )
    labels = Counter(_label(row, label) for row in rows)
    room = _sizes(len(rows), shares)
    given: dict[str, Counter[Any]] = {name: Counter() for name in shares}
    place: dict[str, str] = {}
    for name, group in sorted(members.items(), key=lambda item: (-len(item[1]), digest("split", item[0]))):
        wanted = Counter(_label(row, label) for row in group)

        def lack(split: str, wanted: Counter[Any] = wanted) -> tuple[bool, float, int]:
            missing = sum(n * (shares[split] * labels[one] - given[split][one]) for one, n in wanted.items())
            return room[split] >= wanted.total(), missing, room[split]

        best = max(shares, key=lack)
        given[best] += wanted
        room[best] -= wanted.total()
        place[name] = best
    _fill_empty(place, members, shares)
    found: dict[str, list[Mapping[str, Any]]] = {name: [] for name in shares}
    for row in rows:
        found[place[cluster_of[str(row["id"])]]].append(row)
    return found


def _sizes(count: int, shares: Mapping[str, float]) -> dict[str, int]:
    """How many rows each split gets: the whole part of its share, and what is left to the largest fractions."""
    sizes = {name: int(share * count) for name, share in shares.items()}
    by_rest = sorted(shares, key=lambda name: sizes[name] - shares[name] * count)
    for name in by_rest[: count - sum(sizes.values())]:
        sizes[name] += 1
    return sizes


def _fill_empty(place: dict[str, str], members: Mapping[str, Sequence[Any]], shares: Mapping[str, float]) -> None:
    """Moves the smallest cluster of the split with the most clusters into every split that got none."""
    for split in shares:
        if split not in place.values():
            most = Counter(place.values()).most_common(1)[0][0]
            mine = [name for name, where in place.items() if where == most]
            place[min(mine, key=lambda name: (len(members[name]), digest("split", name)))] = split


def _label(row: Mapping[str, Any], label: str | None) -> Any:
    return str(row.get(label)) if label is not None else None
