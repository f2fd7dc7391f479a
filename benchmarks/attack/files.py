"""Files of rows from strangers: bombs, nests, pickles under another name, pipes and devices, columns without number.

Each is the base of a recipe, and what every other command is given that takes a file.
"""

# ruff: noqa: E501

from __future__ import annotations

import gzip
import json
import os
import pickle
import random
import struct
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.attack.attack import Attack, apart, read_commands
from benchmarks.attack.texts import wrong_of

MOST_CPU_S = 12.0
"""More than of other kinds: a gigabyte may be unpacked before a file is refused."""
COMMANDS = (
    "validate r.yaml", "generate r.yaml -o run --quiet", "init new.yaml --from NAME", "eval NAME", "dedup NAME -o kept.jsonl",
    "export NAME --to messages -o o.jsonl", "bench --dataset x=NAME -o bench --dry-run", "student NAME --test NAME",
    "score NAME -m offline -n 2 -o scored", "merge NAME NAME -o merged", "show NAME",
)  # fmt: skip
RECIPE: dict[str, Any] = {
    "version": 1, "name": "h", "description": "Questions of a gardener.", "model": "offline", "count": 2,
    "examples": {"strategy": "random", "k": 1}, "fields": {"question": "question", "answer": "answer"},
}  # fmt: skip
ROW = b'{"question": "How many beds?", "answer": 1}\n'
FORGED = "\x1b[8m\u202e\nnext: FORGED"


class Evil:
    """Whose pickle runs a command."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch PWNED",)


def _packed(piece: bytes, megabytes: int) -> bytes:
    piece = piece * ((1 << 20) // len(piece) + 1)
    packer = zlib.compressobj(6, wbits=31)
    return b"".join([*(packer.compress(piece) for _ in range(megabytes)), packer.flush()])


def _parquet(columns: Callable[[Any], dict[str, Any]]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        import pyarrow
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.table(columns(pyarrow)), path, compression="zstd")

    return write


def _nested(pyarrow: Any) -> dict[str, Any]:
    kind, value = pyarrow.int8(), 1
    for _ in range(60):
        kind, value = pyarrow.list_(kind), [value]  # type: ignore[assignment]
    return {"question": pyarrow.array([value], kind), "answer": [1]}


def _repeated(pyarrow: Any) -> dict[str, Any]:
    places = pyarrow.array([0] * 500_000, pyarrow.int32())
    return {"question": pyarrow.DictionaryArray.from_arrays(places, ["x" * 100_000]), "answer": [1] * 500_000}


def _damaged(path: Path) -> None:
    _parquet(lambda pyarrow: {"question": ["a"] * 50, "answer": [1] * 50})(path)
    content, draw = bytearray(path.read_bytes()), random.Random(1)
    for _ in range(20):
        content[draw.randrange(4, len(content) - 8)] = draw.randrange(256)
    path.write_bytes(content)


def _sparse(start: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with path.open("wb") as file:
            file.write(start)
            file.truncate(1 << 31)

    return write


def _link(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


def _scripted(folder: Path) -> None:
    folder.mkdir()
    for name in ("b.py", "__init__.py", "dataset_infos.json"):
        (folder / name).write_text("import os; os.system('touch PWNED')\n")
    (folder / "b.jsonl").write_bytes(ROW)


NAMES = ",".join(f"c{number}" for number in range(100_000))
CONTENTS: dict[str, tuple[str, bytes | Callable[[], bytes]]] = {
    "one line of a gigabyte, packed": ("b.jsonl.gz", lambda: _packed(b"a", 1_100)), "lines of nothing, packed": ("b.jsonl.gz", lambda: _packed(b"\n", 1_100)),
    "an open quote of a gigabyte, packed": ("b.csv.gz", lambda: b"" + _packed(b'"aaaaaaaa', 1_100)), "many packed nothings": ("b.jsonl.gz", lambda: gzip.compress(b"") * 100_000),
    "cut in packing": ("b.jsonl.gz", gzip.compress(ROW * 1_000)[:-20]), "another sum": ("b.jsonl.gz", gzip.compress(ROW * 1_000)[:-8] + bytes(8)), "packed and not": ("b.csv.gz", b"a,b\n1,2\n"),
    "many columns": ("b.csv", f"{NAMES}\n{NAMES}\n".encode()), "one name for many columns": ("b.csv", ("a," * 100_000 + "a\n1\n").encode()), "names without header": ("b.csv", ("1," * 100_000 + "1\n").encode()),
    "open quotes": ("b.csv", ("question,answer\n" + '"x\n' * 100_000).encode()), "quotes": ("b.csv", b'"' * 3_000_000), "many keys": ("b.jsonl", json.dumps({f"k{n}": n for n in range(100_000)}).encode()),
    "other keys in each row": ("b.jsonl", "".join(json.dumps({f"k{row * 50 + n}": "words" for n in range(50)}) + "\n" for row in range(2_000)).encode()),
    "UTF-16": ("b.jsonl", ROW.decode().encode("utf-16")), "zeros": ("b.jsonl", b'{"question": "q\\u0000", "answer": 1}\n\x00\x00\n'), "a huge number": ("b.jsonl", b'{"question": "q", "answer": ' + b"9" * 1_000_000 + b"}\n"),
    "no numbers": ("b.jsonl", b'{"question": "q", "answer": NaN}\n{"question": "q", "answer": 1e999}\n'), "a nest": ("b.jsonl", b'{"question": "q", "answer": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"),
    "a nest of 90": ("b.jsonl", (b'{"question": "q", "answer": ' + b"[" * 90 + b"]" * 90 + b"}\n") * 3), "a key twice": ("b.jsonl", b'{"question": "q", "answer": 1, "answer": 2}\n' * 3), "half characters": ("b.jsonl", b'{"question": "\\ud800", "answer": "\\udfff"}\n' * 3),
    "forged values": ("b.jsonl", json.dumps({"question": FORGED, "answer": FORGED}).encode() + b"\n"), "forged keys": ("b.jsonl", json.dumps({f"question{FORGED}": "a", "answer": "b"}).encode() + b"\n"), "forged syntax": ("b.jsonl", f"{{{FORGED}\n".encode()),
    "forged columns": ("b.csv", f'"question{FORGED}",answer\n1,2\n'.encode()), "a pickle": ("b.pt", pickle.dumps(Evil())), "a pickled array": ("b.npy", pickle.dumps(Evil())), "a pickle called rows": ("b.jsonl", pickle.dumps(Evil())),
    "a pickle called Parquet": ("b.parquet", pickle.dumps(Evil())), "a foot beyond the file": ("b.parquet", b"PAR1" + bytes(100) + struct.pack("<I", 2**31 - 1) + b"PAR1"), "Arrow": ("b.arrow", b"ARROW1\0\0" + b"\xff" * 100), "a spreadsheet": ("b.xlsx", b"PK\x03\x04" + bytes(50)),
}  # fmt: skip
MADE: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "a nested column": ("b.parquet", _parquet(_nested)), "one text half a million times": ("b.parquet", _parquet(_repeated)), "damaged Parquet": ("b.parquet", _damaged),
    "twenty million nulls": ("b.parquet", _parquet(lambda pyarrow: {"question": pyarrow.nulls(20_000_000, pyarrow.string()), "answer": pyarrow.nulls(20_000_000, pyarrow.int8())})),
    "a hole of two gigabytes": ("b.jsonl", _sparse(b"")), "a table with a hole": ("b.csv", _sparse(b"question,answer\n")), "a pipe": ("b.jsonl", os.mkfifo), "a folder": ("b.jsonl", Path.mkdir), "a link to itself": ("b.jsonl", _link("b.jsonl")),
    "a device": ("b.jsonl", _link("/dev/urandom")), "its own memory": ("b.jsonl", _link("/proc/self/mem")), "its environment": ("b.jsonl", _link("/proc/self/environ")), "the kernel's messages": ("b.jsonl", _link("/proc/kmsg")), "a dataset of its own code": ("b", _scripted),
}  # fmt: skip
DOTENV: dict[str, Callable[[Path], Any]] = {
    "a hole as .env": _sparse(b""), "the kernel's messages as .env": _link("/proc/kmsg"), "a device as .env": _link("/dev/zero"), "a pipe as .env": os.mkfifo,
    "hosts in .env": lambda path: path.write_text("'DATAGEN_ALLOW_HOSTS'=*\nexport DATAGEN_ALLOW_HOSTS=*\n"),
}  # fmt: skip


NAMED: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "a forged name": (f"b{FORGED}.jsonl", Path.touch), "a long name": ("a" * 5_000 + ".jsonl", Path.touch),
}  # fmt: skip
LONGEST = 255
EVERY: dict[str, tuple[str, Any]] = {
    **CONTENTS, **MADE, **{name: (".env", write) for name, write in DOTENV.items()}, **NAMED,
}  # fmt: skip


def attacks() -> list[Attack]:
    """Every file, as a base and as what commands are given; and files that come with a recipe."""
    return [Attack(name, partial(tried, name)) for name in EVERY]


def tried(name: str, folder: Path) -> str:
    """All commands in a process of their own; what is wrong with those that ended badly."""
    file, content = EVERY[name]
    path = folder / file
    if name in CONTENTS:
        path.write_bytes(content() if callable(content) else content)
    elif len(file) < LONGEST:
        content(path)
    given = "rows.jsonl" if file == ".env" else file
    (folder / "rows.jsonl").write_bytes(ROW * 3)
    base = {"hf": "./b"} if file == "b" else {"path": given}
    (folder / "r.yaml").write_text(json.dumps({**RECIPE, "base": base}))
    read_commands()
    commands = tuple(command.replace("NAME", given.replace(" ", "\x1f")) for command in COMMANDS)
    return apart(partial(wrong_of, folder, commands, MOST_CPU_S), folder, 600.0)
