"""Things in the place of a file or folder that a command is given: pipes, sockets, devices, links, names that are none.

Every command meets each of them in every place where it takes a path, to read or to write. It ends with a documented
exit code, in `MOST_CPU_S`, and says no line of ours that a name wrote.
"""

# ruff: noqa: E501

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.attack.attack import Attack, apart, datagen, read_commands
from benchmarks.attack.texts import WHOLE, wrong_of

MOST_CPU_S = 12.0
FORGED = "\x1b[8m\u202e\nnext: FORGED"
ROWS = "".join(json.dumps({"text": f"The bed number {n} is dry.", "kind": "ab"[n % 2]}) + "\n" for n in range(12))
READ = (
    "validate X", "prompt X", "generate X -o o --dry-run", "preview X -o o", "bench X -m offline -o o --dry-run", "validate w.yaml -m X", "doctor -m X",
    "validate w.yaml --set prompts.system=X", "validate w.yaml --set base.path=X", "validate w.yaml --set include=X", "generate w.yaml -o o --set dedup.against=[X] --quiet",
    "validate w.yaml --set base.hf=X", "generate w.yaml -o o -m gguf/X --quiet", "generate w.yaml -o o -m local/X --quiet", "status X", "show X", "show X --rejected", "why X 1",
    "eval X --metrics length", "review X", "prune X --dry-run", "view X --no-browser --port 1", "export X --to jsonl -o o.jsonl", "merge X run -o m", "merge run X -o m", "dedup X -o o.jsonl",
    "dedup rows.jsonl --against X -o o.jsonl", "score X -m offline -n 2 -o s --dry-run", "score rows.jsonl -m offline -n 2 -o s --real X --dry-run", "student X --test rows.jsonl",
    "student rows.jsonl --test X", "student rows.jsonl --test rows.jsonl --real X", "eval rows.jsonl --metrics length --reference X", "eval rows.jsonl --metrics length --compare X",
    "eval rows.jsonl --metrics length --gold X", "eval rows.jsonl --metrics length --gates X", "eval rows.jsonl --metrics length --recipe X", "bench --dataset x=X -o b --dry-run",
    "bench w.yaml -m offline --test X -o b --dry-run", "review run --from X", "init n.yaml --from X", "list X", "eval rows.jsonl --embedder X --metrics vendi",
)  # fmt: skip
WRITTEN = (
    "generate w.yaml -o X --quiet", "generate w.yaml -o X --fresh --quiet", "generate w.yaml -o o --cache X --quiet", "preview w.yaml -o X", "eval run --metrics length --html X", "eval run --metrics length --junit X",
    "eval run --metrics length --summary X", "eval run --metrics length --detail X", "eval run --metrics length --figures X", "export run --to csv -o X", "export run --to parquet -o X",
    "export run --to hf --allow-simulated -o X", "export run --to jsonl --split train=0.5,test=0.5 -o X", "dedup rows.jsonl -o X", "dedup rows.jsonl -o o.jsonl --rejected X", "merge run run -o X",
    "score rows.jsonl -m offline -n 2 -o X --quiet", "bench --dataset x=rows.jsonl -o X", "schema -o X", "init tickets X.yaml",
)  # fmt: skip


def _socket(path: Path) -> None:
    before = os.getcwd()
    os.chdir(path.parent)  # the path of a socket is short
    socket.socket(socket.AF_UNIX).bind(path.name)
    os.chdir(before)


def _link(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


def _of_pipes(path: Path) -> None:
    """A run folder of which every file is a pipe."""
    (path / "checkpoints").mkdir(parents=True)
    for name in ("run.json", "recipe.lock.yaml", "dataset.jsonl", "rejected.jsonl", "calls.sqlite", "review.jsonl", ".lock", "run.log", "README.md", "spending.jsonl", "checkpoints/2-plan.jsonl", "leaderboard.json"):  # fmt: skip
        os.mkfifo(path / name)


def _of_folders(path: Path) -> None:
    """A run folder of which every file is a folder."""
    for name in ("run.json", "recipe.lock.yaml", "dataset.jsonl", "rejected.jsonl", "calls.sqlite", "review.jsonl", ".lock", "run.log", "README.md", "spending.jsonl", "checkpoints/2-plan.jsonl", "leaderboard.json"):  # fmt: skip
        (path / name).mkdir(parents=True)


def _nothing(path: Path) -> None:
    pass


def _sealed(path: Path) -> None:
    path.mkdir(mode=0)


THINGS: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "a pipe": ("x", os.mkfifo), "a pipe as a recipe": ("x.yaml", os.mkfifo), "a pipe as rows": ("x.jsonl", os.mkfifo), "a pipe as a table": ("x.csv", os.mkfifo), "a pipe as a model": ("x.gguf", os.mkfifo),
    "a socket": ("x", _socket), "a socket as a recipe": ("x.yaml", _socket), "a socket as rows": ("x.jsonl", _socket), "a folder": ("x", Path.mkdir), "a folder as a recipe": ("x.yaml", Path.mkdir),
    "a folder as rows": ("x.jsonl", Path.mkdir), "an empty file": ("x", Path.touch), "an empty recipe": ("x.yaml", Path.touch), "empty rows": ("x.jsonl", Path.touch), "a link to itself": ("x", _link("x")),
    "a link to nothing": ("x", _link("nowhere/y")), "a link to a file elsewhere": ("x", _link("victim/file")), "a device without end": ("x", _link("/dev/zero")), "a device without end as rows": ("x.jsonl", _link("/dev/zero")), "a full device": ("x", _link("/dev/full")),
    "a full device as rows": ("x.jsonl", _link("/dev/full")), "a terminal": ("x", _link("/dev/tty")), "its own memory": ("x", _link("/proc/self/mem")),
    "a folder of pipes": ("x", _of_pipes), "a folder of folders": ("x", _of_folders), "a sealed folder": ("x", _sealed), "below a file": ("rows.jsonl/x", _nothing), "nothing": ("x", _nothing), "no name": ("", _nothing),
    "a space": (" ", _nothing), "a forged name": (f"x{FORGED}", _nothing), "a forged recipe": (f"x{FORGED}.yaml", Path.touch), "forged rows": (f"x{FORGED}.jsonl", Path.touch), "a forged folder": (f"x{FORGED}", Path.mkdir),
    "a name that is no text": ("x\udcff", _nothing), "a recipe that is no text": ("x\udcff.yaml", Path.touch), "rows that are no text": ("x\udcff.jsonl", Path.touch),
    "a long name": ("x" * 5_000, _nothing), "a long way": ("x/" * 2_000 + "y.jsonl", _nothing), "a home": ("~/x", _nothing), "nobody's home": ("~nobody-there/x", _nothing),
    "a variable": ("${NOPE}/x", _nothing), "a web address": ("http://127.0.0.1:9/x.jsonl", _nothing), "a file's address": ("file:///etc/passwd", _nothing), "a share": ("//127.0.0.1/x", _nothing), "a folder far above": ("../" * 300 + "etc/passwd", _nothing),
    "the root": ("/", _nothing), "the processes": ("/proc/self", _nothing), "a list of them": ("[" * 5_000, _nothing), "a pattern": ("**/*", _nothing), "another pattern": ("[!", _nothing), "the shared memory": ("/dev/fd/99", _nothing),
}  # fmt: skip
VICTIM = "precious\n"
INSIDE = (
    "a folder", "a folder as a recipe", "a folder as rows", "an empty file", "a socket", "a link to itself", "a link to a file elsewhere",
    "a folder of folders", "a sealed folder", "below a file", "no name", "a space", "a forged name", "a forged folder", "a name that is no text", "a long name", "a long way",
)  # fmt: skip
"""What reaches nothing outside, also where it gets through: commands would write over it, as whoever tries this."""


def attacks() -> list[Attack]:
    """Everything in the places that are read; in those that are written, what lies in the attack's own folder."""
    found = [Attack(f"read: {name}", partial(tried, name, READ)) for name in THINGS]
    return found + [Attack(f"written: {name}", partial(tried, name, WRITTEN)) for name in INSIDE]


def tried(name: str, commands: tuple[str, ...], folder: Path) -> str:
    """All commands in a process of their own; what is wrong with those that ended badly."""
    (folder / "w.yaml").write_text(WHOLE)
    (folder / "rows.jsonl").write_text(ROWS)
    (folder / "victim").mkdir()
    (folder / "victim" / "file").write_text(VICTIM)
    if (made := datagen("generate", "w.yaml", "-o", "run", "--quiet", folder=folder)).code != 0:
        return f"the run itself failed: {made.err}"
    given, make = THINGS[name]
    if make is not _nothing:
        make(folder / given)
    read_commands()
    words = tuple(command.replace("X", given.replace(" ", "\x1f")) for command in commands)

    def without_hub(note: Callable[[str], None]) -> str:
        """What is no path is looked up on the hub: there is none here, also for libraries that were read before."""
        os.environ |= {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "hub")}
        for module in ("huggingface_hub.constants", "datasets.config"):
            if module in sys.modules:
                setattr(sys.modules[module], "HF_HUB_OFFLINE", True)  # noqa: B010
        return wrong_of(folder, words, MOST_CPU_S, note)

    wrong = apart(without_hub, folder)
    return wrong or ("" if (folder / "victim" / "file").read_text() == VICTIM else "a link was written through")
