"""Files that become something else between the look at them and their opening: a pipe, a device, a link to a victim.

Somebody who may write in the same folder does that while a command runs. `after` says how many looks (`stat`, `lstat`,
opening) a command has had at the file before it is changed. Each command ends with a documented exit code, in
`MOST_CPU_S`, waits for nothing, changes no victim, and of a run folder it hands out nothing of what a link names.
"""

# ruff: noqa: E501

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.attack.attack import ALLOWED, Attack, apart, bound_memory, datagen, ended_here, read_commands
from benchmarks.attack.places import ROWS
from benchmarks.attack.texts import WHOLE

MOST_CPU_S, MEMORY_MB, PATIENCE_S = 12.0, 6_000, 120.0
LOOKS = 4
SECRET = "precious-words-of-another-file"
BASE = "base: {path: rows.jsonl}\nexamples: {strategy: random, k: 1}\n"
FILES: dict[str, tuple[str, str]] = {
    "a recipe": ("r.yaml", "validate r.yaml"),
    "a part of a recipe": ("part.yaml", "validate r.yaml --set include=part.yaml"),
    "a model's file": ("model.yaml", "validate r.yaml -m model.yaml"),
    "a template": ("t.j2", "validate r.yaml --set prompts.system=t.j2"),
    "a schema": ("s.json", "validate schema.yaml"),
    "a base": ("rows.jsonl", "generate based.yaml -o o --quiet"),
    "a table": ("rows.csv", "generate table.yaml -o o --quiet"),
    "a packed base": ("rows.jsonl.gz", "eval rows.jsonl.gz --metrics length"),
    "rows to keep away from": ("other.jsonl", "generate r.yaml -o o --quiet --set dedup.against=[other.jsonl]"),
    "documents to search": ("docs.txt", "generate searched.yaml -o o --quiet"),
    "a folder of documents": ("docs/a.txt", "generate folder.yaml -o o --quiet"),
    "the environment": (".env", "validate r.yaml"),
    "rows to begin from": ("rows.csv", "init new.yaml --from rows.csv"),
    "rows that are right": ("other.jsonl", "eval rows.jsonl --metrics length --gold other.jsonl"),
    "rows to compare with": ("other.jsonl", "eval rows.jsonl --metrics length --reference other.jsonl"),
    "gates": ("gates.txt", "eval rows.jsonl --metrics length --gates gates.txt"),
    "decisions": ("said.jsonl", "review run --from said.jsonl"),
    "a model": ("m.gguf", "generate r.yaml -o o --quiet -m gguf/m.gguf"),
    "a model's settings": ("model/config.json", "generate r.yaml -o o --quiet -m local/model"),
    "an embedder": ("embedder/config.json", "eval rows.jsonl --metrics vendi --embedder ./embedder"),
    "a folder for datasets": ("hub/train.jsonl", "validate hub.yaml"),
    "rows to test with": ("other.jsonl", "student rows.jsonl --test other.jsonl"),
    "a bench's rows": ("other.jsonl", "bench r.yaml -m offline --test other.jsonl -o b --dry-run"),
    "a cache": ("calls.db", "generate r.yaml -o o --quiet --cache calls.db"),
}
"""What a command is given: the file, and the command. A link is followed there, as it is for any program."""
STATUS, WHY, GOES_ON = "status run", "why run 0", "generate r.yaml -o run -n 3 --quiet"
EXPORT, MERGE, DECIDE = "export run --to csv -o o.csv", "merge run run -o m", "review run --from said.jsonl"
EVAL = "eval run --metrics length --html page.html"
OTHERS_READ = ("a folder for datasets",)
"""What another library opens by its name once we have looked: SECURITY.md says so."""
RUN: dict[str, tuple[str, ...]] = {
    "run.json": (STATUS, GOES_ON), "recipe.lock.yaml": (STATUS, EVAL), "dataset.jsonl": (EXPORT, MERGE, GOES_ON),
    "rejected.jsonl": (EXPORT, "show run --rejected"), "calls.sqlite": (WHY, GOES_ON), "spending.jsonl": (STATUS, GOES_ON),
    "README.md": (EXPORT, GOES_ON), "plants.jsonl": (EVAL, GOES_ON), "run.log": (STATUS, GOES_ON),
    "review.jsonl": (EXPORT, DECIDE, GOES_ON), ".lock": (STATUS, GOES_ON), "checkpoints/2-plan.jsonl": (WHY, GOES_ON),
    "checkpoints/3-generate.jsonl": (WHY, GOES_ON), "checkpoints/6-dedup.jsonl": (WHY, GOES_ON),
}  # fmt: skip
"""The files of a run, and commands that read them, or go on with it."""
OUTPUTS = (
    "export run --to csv -o o.x", "dedup rows.jsonl -o o.x", "eval run --metrics length --html o.x", "schema -o o.x",
    "eval run --metrics length --detail o.x", "export run --to parquet -o o.x", "init quickstart o.x.yaml",
)  # fmt: skip
THINGS: dict[str, Callable[[Path], Any]] = {
    "a pipe": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a link": lambda path: path.symlink_to(os.path.abspath("elsewhere/victim")),
}


def attacks() -> list[Attack]:
    """Every file by everything that it may become, at each look."""
    found = []
    for thing in THINGS:
        for after in range(LOOKS):
            for name, (file, command) in FILES.items():
                if name in OTHERS_READ and after > 1:
                    continue
                found.append(Attack(f"{name}: {thing} at look {after}", partial(tried, file, (command,), thing, after)))
    for thing in ("a pipe", "a link"):
        for after in range(LOOKS - 1):
            for file, commands in RUN.items():
                tries = partial(tried, f"run/{file}", commands, thing, after)
                found.append(Attack(f"{file} of a run: {thing} at look {after}", tries))
    for after in range(LOOKS):
        for command in OUTPUTS:
            file = command.split()[-1]
            found.append(
                Attack(f"{command}: a link at look {after}", partial(tried, file, (command,), "a link", after))
            )
    return found


@contextmanager
def swapped(path: Path, change: Callable[[], object], after: int) -> Iterator[None]:
    """Calls `change` when a file has been looked at so many times, before the next look."""
    looks, done = 0, False
    asked: dict[str, Any] = {"stat": os.stat, "lstat": os.lstat}
    active = True

    def look(name: Any) -> None:
        nonlocal looks, done
        if done or not active or not isinstance(name, str | os.PathLike | bytes):
            return
        text = os.fsdecode(name)
        if text not in (path.name, str(path)) and os.path.abspath(text) != str(path):
            return
        looks += 1
        if looks > after:
            done = True
            change()

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if active and event == "open":
            look(arguments[0])

    def seen(of: str) -> Any:
        def wrapped(name: Any, *others: Any, **options: Any) -> Any:
            look(name)
            return asked[of](name, *others, **options)

        return wrapped

    sys.addaudithook(hook)  # it stays until the process ends, and does nothing then
    os.stat, os.lstat = seen("stat"), seen("lstat")
    try:
        yield
    finally:
        active = False
        os.stat, os.lstat = asked["stat"], asked["lstat"]


def becomes(path: Path, thing: str) -> None:
    """The file is another thing now."""
    path.parent.mkdir(exist_ok=True)
    aside = path.parent / ".swapped"
    THINGS[thing](aside)
    os.rename(aside, path)


def tried(file: str, commands: tuple[str, ...], thing: str, after: int, folder: Path) -> str:
    """Each command in a process of its own, in a folder of its own; what is wrong with the first that ended badly."""
    prepared()
    for number, command in enumerate(commands):
        place = folder / str(number)
        shutil.copytree(_made[0], place, symlinks=True)
        victim = place / "elsewhere" / "victim"
        victim.parent.mkdir()
        before = ((place / file).read_bytes() if (place / file).is_file() else b"") + SECRET.encode()
        victim.write_bytes(before)
        work = partial(_wrong, place, file, command, thing, after)
        wrong = apart(work, folder, PATIENCE_S)
        (folder / "found.txt").unlink(missing_ok=True)
        if not wrong and victim.read_bytes() != before and file != "calls.db":  # a link to a cache is followed
            wrong = "a link was written through"
        if wrong:
            return f"{command}: {wrong}"
        shutil.rmtree(place)
    return ""


def _wrong(folder: Path, file: str, command: str, thing: str, after: int, note: Callable[[str], None]) -> str:
    os.chdir(folder)
    os.environ |= {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "home"), "XDG_CACHE_HOME": str(folder / "cache")}
    bound_memory(MEMORY_MB)
    note(command)
    with swapped(folder / file, partial(becomes, folder / file, thing), after):
        ended = ended_here(command.split())
    if problem := ended.wrong(ALLOWED, MOST_CPU_S):
        return problem
    if file.startswith("run/") and thing == "a link":
        if SECRET in ended.out + ended.err:
            return "what a link names was shown"
        for path in folder.rglob("*"):
            if (
                path.is_file()
                and not path.is_symlink()
                and path.name != "victim"
                and SECRET.encode() in path.read_bytes()
            ):
                return f"what a link names stands in {path.relative_to(folder)}"
    return ""


_made: list[Path] = []


def prepared() -> Path:
    """A folder with everything that the commands are given, made once a process."""
    if not _made:
        place = Path(tempfile.mkdtemp(prefix="swaps-"))
        _write(place)
        made = datagen("generate", "r.yaml", "-o", "run", "--quiet", folder=place)
        assert made.code == 0, made.err
        made = datagen("generate", "r.yaml", "-o", "o", "--quiet", "--cache", "calls.db", folder=place)
        assert made.code == 0, made.err
        shutil.rmtree(place / "o")
        read_commands()
        _made.append(place)
    return _made[0]


def _write(place: Path) -> None:
    import gzip

    from tests.llm.local.tiny import CHAT, save_model

    schema = "validators: [{schema: {schema: s.json}}]\n"
    search = "validators: [{search: {fields: [text], sources: [corpus], corpus: DOCS}}]\n"
    table = WHOLE.replace("{text: {type: text}}", "{text: {column: text, type: text}}")
    id_ = '{"id": "none", "decision": "keep"}\n'
    texts = {
        "r.yaml": WHOLE, "part.yaml": "seed: 3\n", "model.yaml": "name: offline\n", "t.j2": "Write.", "schema.yaml": WHOLE + schema,
        "s.json": json.dumps({"properties": {"text": {"minLength": 1}}}), "rows.jsonl": ROWS, "based.yaml": table + BASE,
        "rows.csv": "text,kind\nThe bed is dry.,a\nThe rake is here.,b\nA third bed.,a\n", "table.yaml": table + BASE.replace(".jsonl", ".csv"),
        "other.jsonl": ROWS, "docs.txt": "The bed is dry. Water it.", "searched.yaml": WHOLE + search.replace("DOCS", "docs.txt"),
        "docs/a.txt": "The bed is dry.", "folder.yaml": WHOLE + search.replace("DOCS", "docs"), ".env": "A=b\n", "gates.txt": "length>=0\n",
        "said.jsonl": id_, "hub/train.jsonl": ROWS, "hub.yaml": table + "base: {hf: ./hub, split: train}\nexamples: {strategy: random, k: 1}\n",
    }  # fmt: skip
    for name, text in texts.items():
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_text(text)
    (place / "rows.jsonl.gz").write_bytes(gzip.compress(ROWS.encode()))
    (place / "m.gguf").write_bytes(b"GGUF" + bytes(64))
    for name in ("model", "embedder"):
        save_model(place / name, chat=CHAT, context=2_000)
