"""Environment variables: `.env` of the working folder, and `${NAME}` in the few places of a recipe where it expands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path as File

from datagen_cli.config.explain import Problem, problem_error
from datagen_cli.config.includes import model_paths
from datagen_cli.config.tree import Node, Path, put, show_path
from datagen_cli.core.budget import TooMuch, within
from datagen_cli.core.errors import Place, RecipeError
from datagen_cli.core.secret import KEY_NAME, REFERENCE, Address, Secret
from datagen_cli.core.system import read_given

LOOKS_SECRET = re.compile(
    r"SECRET|TOKEN|KEY|PASS|PWD|CREDENTIAL|AUTH(?!ORITY|ORS?(?:_|$))|BEARER|COOKIE|JWT|WEBHOOK|CONN(?:ECTION)?_?STR"
    r"|(?:^|_)(?:PAT|SAS|DSN|OTP)(?:_|$)",
    re.IGNORECASE,
)
_LOGIN = re.compile(r"://[^\s/?#@:]*:[^\s/?#@]+@")
"""A password in an address, such as a data base's."""
MOST_BYTES = 1_000_000
READING_S = 1.0
"""CPU time for `.env`, whose reader looks through the rest of a line from each of its blanks."""
LEAST_KEY = 12  # characters: a shorter one may be a word such as `none`
NOT_FROM_FILES = ("DATAGEN_ALLOW_HOSTS",)
"""Where keys may be sent is for whoever runs the tool to say, never for a file that came with a recipe."""


def read_environment(environ: Mapping[str, str], cwd: File) -> dict[str, str]:
    """The environment with what `.env` in `cwd` adds to it; a variable that is set already wins.

    Lines are `KEY=VALUE` as python-dotenv reads them: `export`, quotes and `#` comments are allowed, a quoted value may
    take several lines, other lines are passed over. Nothing expands in values; `DATAGEN_ALLOW_HOSTS` is not taken from
    the file. Raises `RecipeError` when the file cannot be read.
    """
    file = cwd / ".env"
    if not file.is_file():
        return dict(environ)
    try:
        text = read_given(file, MOST_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise RecipeError(f"cannot be read: {error.strerror or error}", place=Place(".env")) from error
    except UnicodeDecodeError as error:
        raise RecipeError("cannot be read as UTF-8 text", place=Place(".env")) from error
    try:
        pairs = within(lambda: _pairs(text), cpu_s=READING_S)
    except TooMuch as error:
        raise RecipeError(f"cannot be read: {error}", hint="one KEY=VALUE a line", place=Place(".env")) from error
    found = {name: value for name, value in pairs.items() if name not in NOT_FROM_FILES}
    return {**found, **environ}


def _pairs(text: str) -> dict[str, str]:
    from dotenv.parser import parse_stream

    lines = parse_stream(StringIO(text.replace("\0", "")))  # no variable can hold a null byte
    return {line.key: line.value for line in lines if line.key is not None and line.value is not None}


@dataclass(frozen=True, slots=True)
class Expansion:
    """A variable that a recipe refers to where it expands. `sent`: as a key, by the model at `model`; else it becomes
    part of a path (`model` is None), or of the name or address of that model."""

    name: str
    path: Path
    model: Path | None
    sent: bool

    @property
    def where(self) -> str:
        """`model.headers.Authorization`."""
        return show_path(self.path)


def expansions(root: Node) -> list[Expansion]:
    """Every `${NAME}` of a recipe that expands, in order: `base.path`, names and addresses of models, headers."""
    found = []
    for path, model in _places(root):
        node = root.at(path)
        if node is None or not isinstance(node.value, str):
            continue
        head, _, query = node.value.partition("?") if path[-1] == "base_url" else (node.value, "", "")
        sent = path[-2:-1] == ("headers",)
        found += [Expansion(name, path, model, sent) for name in REFERENCE.findall(head)]
        found += [Expansion(name, path, model, True) for name in REFERENCE.findall(query)]
    return found


def expand_environment(root: Node, environ: Mapping[str, str]) -> Node:
    """`${NAME}` replaced in `base.path`, in every model's name and in the place of every `base_url`; it stays text
    elsewhere. In headers and in the query of an address it is checked here and replaced when a request is made.

    Raises `RecipeError` for a variable that is not set, for one that looks secret in a name, a path or an address, and
    for one that is sent and has no key's name.
    """
    for expansion in expansions(root):
        node = root.nearest(expansion.path)
        wrong = _wrong(expansion, environ)
        if wrong:
            raise problem_error([Problem(expansion.path, *wrong, place=node.place)])
    _refuse_keys_in_the_open(root, environ)
    for path, _ in _places(root):
        place = root.at(path)
        if place is not None and isinstance(place.value, str) and path[-2:-1] != ("headers",):
            head, mark, query = place.value.partition("?") if path[-1] == "base_url" else (place.value, "", "")
            filled = REFERENCE.sub(lambda match: environ[match[1]], head)
            root = put(root, path, place.with_value(filled + mark + query)) if filled != head else root
    return root


def _places(root: Node) -> Iterator[tuple[Path, Path | None]]:
    """Where variables expand, with the path of the model that the place belongs to."""
    yield ("base", "path"), None
    for model in model_paths(root):
        yield from ((path, model) for path in (model, (*model, "name"), (*model, "base_url")))
        headers = root.at((*model, "headers"))
        for name in headers.mapping if headers else ():
            yield (*model, "headers", name), model


def _wrong(expansion: Expansion, environ: Mapping[str, str]) -> tuple[str, str] | None:
    """What is wrong with an expansion, with a hint."""
    name = expansion.name
    if expansion.sent:
        if not KEY_NAME.fullmatch(name):
            return f"${{{name}}} is sent as a key here", "name a variable that ends in _KEY or _TOKEN"
    elif LOOKS_SECRET.search(name):
        return (
            f"${{{name}}} looks secret and would be written into the run folder",
            "a key is named by api_key_env, or stands in headers or in the query of base_url",
        )
    if name not in environ:
        return (
            f"the environment variable {name} is not set",
            f"export {name}=..., or put it into .env in the working folder",
        )
    if not expansion.sent and _LOGIN.search(environ[name]):
        return f"${{{name}}} holds a password", "name a variable that holds none"
    if not expansion.sent and _holds_a_secret(environ[name], environ):
        return f"${{{name}}} holds the value of a secret variable", "name a variable that holds no key"
    return None


def _refuse_keys_in_the_open(root: Node, environ: Mapping[str, str]) -> None:
    """Raises `RecipeError` where a name or a value of a model holds a key of the environment, and would be written."""
    keys = {name: value for name, value in environ.items() if KEY_NAME.fullmatch(name) and len(value) >= LEAST_KEY}
    for model in model_paths(root):
        node = root.at(model)
        for path, text, place in _written_texts(node, model) if node else ():
            if name := next((name for name, value in keys.items() if value in text), ""):
                message = f"the value of {name} stands in it, and would be written into the run folder"
                hint = (
                    "a key is named by api_key_env, or is the value of a header or a parameter in the query of base_url"
                )
                raise problem_error([Problem(path, message, hint, place=place)])


def _written_texts(node: Node, path: Path) -> Iterator[tuple[Path, str, Place]]:
    """The texts of a model that are written as they are: names of options and of headers, and values but for those of
    headers and queries. A name is found at the path of what holds it."""
    if isinstance(node.value, str) and path[-2:-1] != ("headers",):
        yield path, node.value.partition("?")[0] if path[-1] == "base_url" else node.value, node.place
    for name, below in node.mapping.items():
        yield path, str(name), below.place
        yield from _written_texts(below, (*path, name))
    for number, below in enumerate(node.items):
        yield from _written_texts(below, (*path, number))


def _holds_a_secret(value: str, environ: Mapping[str, str]) -> bool:
    """Whether a value contains that of a variable whose name looks secret."""
    return any(len(held) >= 8 and held in value for name, held in environ.items() if LOOKS_SECRET.search(name))


def without_secrets(root: Node) -> Node:
    """The recipe as it may be written: values of headers and of queries stand as placeholders, references as they are.

    A model that is no mapping, or whose headers are none, is left: it is refused later and never written.
    """
    for model in model_paths(root):
        address = root.at((*model, "base_url"))
        if address is not None and isinstance(address.value, str):
            root = put(root, (*model, "base_url"), address.with_value(shown_address(address.value)))
        headers = root.at((*model, "headers"))
        for name, node in headers.mapping.items() if headers else ():
            root = put(root, (*model, "headers", name), node.with_value(str(Secret.written(str(node.value)))))
    return root


def shown_address(text: str) -> str:
    """An address with its query, and a user in it, as placeholders."""
    scheme, mark, rest = text.partition("://")
    user, at, _ = rest.partition("/")[0].rpartition("@")
    return str(Address.read(scheme + mark + (rest[len(user + at) :] if at else rest)))
