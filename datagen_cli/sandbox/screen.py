"""Layer zero: a look at the syntax tree before anything runs. Convenience, not the boundary.

It refuses early and in words what could not work anyway: modules that lead to other processes, to the network or into
the interpreter. Imports that a program never uses are no reason to refuse it; they are taken out of its text, so that
they cost nothing. One that it can do without (`try: … except ImportError:`) fails as where it is not installed. What it
misses meets the layers below.
"""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from datagen_cli.sandbox.protocol import MAX_CODE_BYTES
from datagen_cli.sandbox.scratch import REPLACED

PRELOADED = (
    "__future__", "abc", "array", "base64", "binascii", "bisect", "calendar", "cmath", "collections", "contextlib",
    "copy", "csv", "dataclasses", "datetime", "decimal", "difflib", "enum", "fractions", "functools", "graphlib",
    "hashlib", "heapq", "io", "itertools", "json", "keyword", "locale", "math", "numbers", "operator", "pprint",
    "queue", "random", "re", "statistics", "string", "struct", "sys", "textwrap", "time", "timeit", "traceback",
    "types", "typing", "unicodedata", "uuid", "warnings", "weakref", "zlib", "zoneinfo",
)  # fmt: skip
"""Modules that the fork servers hold ready; a program imports the others itself."""
PACKAGES = (
    "sympy", "pandas", "scipy", "numpy", "mpmath", "gmpy2", "networkx", "dateutil", "pytz", "tqdm", "rich", "tabulate",
    "termcolor", "colorama", "more_itertools", "sortedcontainers", "yaml",
)  # fmt: skip
"""Third-party packages that programs may import, where they are installed."""
_WITH_SERVERS = PACKAGES[:4]
# Modules of the standard library that need what a program does not have: other processes, the network, the
# interpreter's own parts, a screen.
_OUTWARD = frozenset(
    ("antigravity", "asynchat", "asyncore", "bdb", "cgi", "cgitb", "code", "codeop", "compileall",
     "crypt", "curses", "distutils", "ensurepip", "fcntl", "ftplib",
     "idlelib", "imaplib", "imp", "lib2to3", "mailbox", "mmap", "modulefinder", "msvcrt",
     "nis", "nntplib", "nt", "ossaudiodev", "pdb", "pipes", "pkgutil",
     "poplib", "posix", "pty", "pwd", "grp", "pydoc", "py_compile", "readline", "rlcompleter", "runpy",
     "site", "smtpd", "smtplib", "socket", "socketserver", "spwd",
     "ssl", "subprocess", "syslog", "telnetlib", "termios", "test", "tkinter",
     "trace", "tty", "turtle", "turtledemo", "venv", "webbrowser", "winreg", "winsound", "wsgiref", "xmlrpc", "zipapp",
     "zipimport")
)  # fmt: skip
_WITH_THREADS = frozenset(("_thread", "asyncio", "concurrent", "multiprocessing", "rich", "threading", "tqdm"))
# What these modules have that would need another process or a socket.
_BEYOND_THREADS = frozenset(
    ("ProcessPoolExecutor", "create_connection", "create_datagram_endpoint", "create_server", "create_subprocess_exec",
     "create_subprocess_shell", "getaddrinfo", "open_connection", "open_unix_connection", "start_server",
     "start_unix_server", "subprocess_exec", "subprocess_shell")
)  # fmt: skip
# What a program may ask of `os`: words about itself, names of paths, and files, which it has in its own memory.
_OF_OS = frozenset(
    ("PathLike", "_exit", "cpu_count", "curdir", "devnull", "environ", "extsep", "fsdecode", "fsencode", "fspath",
     "get_terminal_size", "getcwd", "getenv", "getpid", "linesep", "name", "pardir", "path", "pathsep", "sep",
     "strerror", "times", "uname", "urandom", *REPLACED, "EX_OK", "F_OK", "O_APPEND", "O_CREAT", "O_EXCL", "O_RDONLY",
     "O_RDWR", "O_TRUNC", "O_WRONLY", "R_OK", "SEEK_CUR", "SEEK_END", "SEEK_SET", "W_OK", "X_OK", "error", "fdopen",
     "makedirs", "removedirs", "renames", "walk")
)  # fmt: skip
_IN_PART = {
    "os": _OF_OS,
    "urllib": frozenset(("parse",)),
    "ctypes": frozenset(  # numbers and arrays of a fixed size
        ("Array", "BigEndianStructure", "LittleEndianStructure", "Structure", "Union", "c_bool", "c_byte", "c_char",
         "c_double", "c_float", "c_int", "c_int16", "c_int32", "c_int64", "c_int8", "c_long", "c_longlong", "c_short",
         "c_size_t", "c_ubyte", "c_uint", "c_uint16", "c_uint32", "c_uint64", "c_uint8", "c_ulong", "c_ulonglong",
         "c_ushort", "create_string_buffer", "py_object", "sizeof")
    ),
    "http": frozenset(("HTTPMethod", "HTTPStatus")),
    "multiprocessing": frozenset(("TimeoutError", "cpu_count", "current_process", "dummy", "freeze_support", "pool")),
}  # fmt: skip
_WHOLE = frozenset(_IN_PART) - {"urllib"}
"""Modules of which only the parts that a program uses decide, also where it imports the whole."""
# Attributes and names by which a program leaves its own scope; no sum needs them.
DOORS = frozenset(
    ("__subclasses__", "__globals__", "__builtins__", "__import__", "__loader__", "__spec__", "gi_frame", "f_back",
     "f_globals", "f_builtins", "_getframe", "tb_frame")
)  # fmt: skip
_FALLS_BACK = frozenset(("ImportError", "ModuleNotFoundError", "Exception", "BaseException"))
"""What a program catches that can do without a module."""
# With these a program can use a name that it never writes down.
_BY_NAME = frozenset(("eval", "exec", "globals", "locals", "vars", "__dict__", "__import__"))


@dataclass(frozen=True, slots=True)
class Imported:
    """One name of an import statement: the module's full name, the name it is bound to, whether that is ever read."""

    module: str
    bound: str
    used: bool

    @property
    def top(self) -> str:
        return self.module.partition(".")[0] or "."

    @property
    def allowed(self) -> bool:
        """Whether a program may use it; packages also where they are not installed."""
        if self.top in _IN_PART:
            return self.module in _WHOLE or self.module.partition(".")[2].partition(".")[0] in _IN_PART[self.top]
        private = self.top.startswith("_") and self.top != "__future__"
        return self.top in PACKAGES or (self.top in sys.stdlib_module_names - _OUTWARD and not private)

    @property
    def there(self) -> bool:
        """Whether a program would find it."""
        return self.allowed and (self.top not in PACKAGES or importlib.util.find_spec(self.top) is not None)


@dataclass(frozen=True, slots=True)
class Scan:
    """What the syntax tree tells.

    `code`: the program's text without the imports that it does not use and may not, lines where they were; `imports`:
    the others; `doors` and `parts`: what it uses that programs may not; `broken`: does not parse, in words; `too_deep`:
    no parser takes it.
    """

    code: str = ""
    imports: tuple[Imported, ...] = ()
    doors: frozenset[str] = frozenset()
    parts: frozenset[str] = frozenset()
    broken: str = ""
    too_deep: bool = False

    @property
    def threads(self) -> bool:
        """Whether it may start threads: it imports, and uses, what does."""
        return any(item.used and item.top in _WITH_THREADS for item in self.imports)

    @property
    def preload(self) -> str:
        """The package whose server the program should run in; empty for the plain one."""
        tops = {item.top for item in self.imports}
        return next((name for name in _WITH_SERVERS if name in tops), "")


def scan(code: str) -> Scan:
    """Reads the program's syntax tree; never raises."""
    try:
        tree = ast.parse(code)
    except SyntaxError as problem:
        return Scan(code, broken=f"SyntaxError: {problem.msg} (line {problem.lineno or 0})")
    except ValueError as problem:  # null bytes, lone surrogates
        return Scan(code, broken=f"SyntaxError: {problem}")
    except (RecursionError, MemoryError):
        return Scan(code, too_deep=True)
    nodes = list(ast.walk(tree))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    read = {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store)}
    attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    taken = {alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}
    everything = bool((names | attributes) & _BY_NAME)
    kept: list[Imported] = []
    cuts: list[tuple[ast.stmt, str]] = []
    spare = {id(node) for block in nodes if isinstance(block, ast.Try) and _falls_back(block) for node in block.body}
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            there = [(alias, imported(node, alias, read, everything)) for alias in node.names]
            if id(node) in spare and (absent := next((item for _, item in there if not item.there), None)):
                cuts.append((node, f"raise ModuleNotFoundError({f'No module named {absent.module!r}'!r})"))
                continue
            stay = [(alias, item) for alias, item in there if item.used or _of_the_library(item)]
            kept += [item for _, item in stay]
            if len(stay) < len(there):
                cuts.append((node, _statement(node, [alias for alias, _ in stay])))
    doors = DOORS | (_BEYOND_THREADS if any(item.top in _WITH_THREADS for item in kept) else frozenset())
    return Scan(
        _cut(code, cuts),
        tuple(kept),
        frozenset((names | attributes | taken) & doors),
        frozenset(word for top in _WHOLE for word in _forbidden_parts(nodes, top, kept)),
    )


def _falls_back(block: ast.Try) -> bool:
    """Whether a failing import in it is met by the program itself."""
    kinds = [kind for handler in block.handlers for kind in _kinds(handler.type)]
    return any(kind is None or (isinstance(kind, ast.Name) and kind.id in _FALLS_BACK) for kind in kinds)


def _kinds(given: ast.expr | None) -> list[ast.expr | None]:
    return list(given.elts) if isinstance(given, ast.Tuple) else [given]


def imported(node: ast.Import | ast.ImportFrom, alias: ast.alias, read: set[str], everything: bool) -> Imported:
    """What one alias of an import statement brings in; `.` for a relative import."""
    if isinstance(node, ast.Import):
        bound = alias.asname or alias.name.partition(".")[0]
        return Imported(alias.name, bound, everything or bound in read)
    bound = alias.asname or alias.name
    module = "." if node.level or not node.module else node.module
    if module in _IN_PART:  # `from urllib import parse`, `from os import path`
        module = f"{module}.{alias.name}"
    return Imported(module, bound, everything or bound in read or alias.name == "*")


def _of_the_library(item: Imported) -> bool:
    """Whether an unused import stays: one of the standard library costs nothing, and may be there for its effect."""
    return item.allowed and item.top not in PACKAGES


def _statement(node: ast.Import | ast.ImportFrom, aliases: list[ast.alias]) -> str:
    """The statement with these aliases alone; `pass` with none."""
    if not aliases:
        return "pass"
    only = ast.Import(aliases) if isinstance(node, ast.Import) else ast.ImportFrom(node.module, aliases, node.level)
    return ast.unparse(only)


def _cut(code: str, cuts: list[tuple[ast.stmt, str]]) -> str:
    """The text with statements replaced; each keeps its number of lines, so that errors name the lines they did."""
    if not cuts:
        return code
    lines = [line.encode() for line in code.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    for node, text in sorted(cuts, key=lambda cut: (cut[0].lineno, cut[0].col_offset), reverse=True):
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        after = lines[last][node.end_col_offset :]
        lines[first] = lines[first][: node.col_offset] + text.encode() + (b" \\" if last > first else after)
        for index in range(first + 1, last + 1):
            lines[index] = b" \\" if index < last else b" " + after
    return b"\n".join(lines).decode() + "\n"


def _forbidden_parts(nodes: list[ast.AST], top: str, kept: list[Imported]) -> Iterator[str]:
    """What a program asks of a module, under the names that it gave it, beyond its part in `_IN_PART`."""
    bound = {item.bound for item in kept if top in (item.module, item.bound) and item.top == top}
    if not bound:
        return
    harmless = set()
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in bound:
            harmless.add(id(node.value))
            if node.attr not in _IN_PART[top]:
                yield f"{top}.{node.attr}"
    for node in nodes:
        if isinstance(node, ast.Name) and node.id in bound and id(node) not in harmless:
            yield top


def too_long(code: str) -> str:
    """Why the program's size rules it out, in words; empty where it does not. Holds in every layer."""
    size = len(code.encode("utf-8", "replace"))
    return f"the program has {size} bytes, at most {MAX_CODE_BYTES}" if size > MAX_CODE_BYTES else ""


def refusal(found: Scan) -> str:
    """Why the program is refused, in words; empty where it is not."""
    if found.too_deep:
        return "the program is nested too deeply"
    outside = sorted({item.module if item.top in _IN_PART else item.top for item in found.imports if not item.allowed})
    if outside:
        return f"imports {', '.join(outside)}, which programs may not"
    wanted = {item.top for item in found.imports if item.top in PACKAGES}
    missing = sorted(name for name in wanted if importlib.util.find_spec(name) is None)
    if missing:
        return f"needs {', '.join(missing)}, which is not installed{_extra(missing)}"
    if forbidden := found.doors | found.parts:
        return f"uses {', '.join(sorted(forbidden))}, which programs may not"
    return ""


def _extra(missing: list[str]) -> str:
    return " (extra: sympy)" if {"sympy", "mpmath"} & set(missing) else ""
