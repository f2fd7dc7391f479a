"""Layer zero: a look at the syntax tree before anything runs. Convenience, not the boundary.

It refuses early and in words what could not work anyway, and finds out which layer a program belongs in. Whatever slips
through here meets layers one to three.
"""

from __future__ import annotations

import ast
import importlib.util
from dataclasses import dataclass

from datagen_cli.sandbox.protocol import MAX_CODE_BYTES

MODULES = frozenset(
    (
        "__future__", "abc", "array", "base64", "binascii", "bisect", "calendar", "cmath", "collections", "contextlib",
        "copy", "csv", "dataclasses", "datetime", "decimal", "difflib", "enum", "fractions", "functools", "graphlib",
        "hashlib", "heapq", "io", "itertools", "json", "keyword", "locale", "math", "numbers", "operator", "pprint",
        "queue", "random", "re", "statistics", "string", "struct", "sys", "textwrap", "time", "timeit", "traceback",
        "types", "typing", "unicodedata", "uuid", "warnings", "weakref", "zlib", "zoneinfo",
    )
)  # fmt: skip
PACKAGES = frozenset(("mpmath", "numpy", "sympy"))
# Modules that Monty has and in which it agrees with CPython (its `re` and `time` are others').
MONTY_MODULES = frozenset(
    ("bisect", "collections", "copy", "dataclasses", "datetime", "decimal", "functools", "itertools", "json", "math",
     "random", "typing")
)  # fmt: skip
# Attributes and names by which a program leaves its own scope; no sum needs them.
DOORS = frozenset(
    ("__subclasses__", "__globals__", "__builtins__", "__import__", "__loader__", "__spec__", "__code__", "__closure__",
     "__bases__", "__mro__", "gi_frame", "f_back", "f_globals", "f_builtins", "_getframe", "tb_frame")
)  # fmt: skip
# Caught, these can hide that Monty lacks something; the others cannot.
_HARMLESS_TO_CATCH = frozenset(
    ("ArithmeticError", "AssertionError", "IndexError", "KeyError", "OverflowError", "StopIteration", "ValueError",
     "ZeroDivisionError")
)  # fmt: skip
# Whose results differ from CPython's, or which ask what is there instead of using it.
_DIFFERENT_IN_MONTY = frozenset(
    ("callable", "compile", "dir", "eval", "exec", "exit", "frozenset", "getattr", "globals", "hasattr", "hash", "id",
     "input", "locals", "open", "quit", "set", "type", "vars")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scan:
    """What the syntax tree tells. `broken`: does not parse, in words; `too_deep`: no parser takes it."""

    imports: frozenset[str] = frozenset()
    doors: frozenset[str] = frozenset()
    hides_gaps: bool = False
    differs: bool = False
    broken: str = ""
    too_deep: bool = False

    @property
    def suits_monty(self) -> bool:
        """Whether Monty's answer, if it has one, is CPython's."""
        return not (self.hides_gaps or self.differs or self.broken or self.too_deep or self.doors) and (
            self.imports <= MONTY_MODULES
        )

    @property
    def preload(self) -> str:
        """The package whose server the program should run in; empty for the plain one."""
        return next((name for name in ("sympy", "numpy") if name in self.imports), "")


def scan(code: str) -> Scan:
    """Reads the program's syntax tree; never raises."""
    try:
        tree = ast.parse(code)
    except SyntaxError as problem:
        return Scan(broken=f"SyntaxError: {problem.msg} (line {problem.lineno or 0})")
    except ValueError as problem:  # null bytes, lone surrogates
        return Scan(broken=f"SyntaxError: {problem}")
    except (RecursionError, MemoryError):
        return Scan(too_deep=True)
    nodes = list(ast.walk(tree))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return Scan(
        imports=frozenset(name for node in nodes for name in _imported(node)),
        doors=frozenset((names | attributes) & DOORS),
        hides_gaps=any(isinstance(node, ast.ExceptHandler) and not _harmless(node.type) for node in nodes),
        differs=bool(names & _DIFFERENT_IN_MONTY) or any(isinstance(node, ast.Set | ast.SetComp) for node in nodes),
    )


def _imported(node: ast.AST) -> list[str]:
    """Top-level names of the modules that a node imports; `.` for a relative import."""
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return ["."] if node.level or not node.module else [node.module.partition(".")[0]]
    return []


def _harmless(caught: ast.expr | None) -> bool:
    types = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return all(isinstance(kind, ast.Name) and kind.id in _HARMLESS_TO_CATCH for kind in types)


def too_long(code: str) -> str:
    """Why the program's size rules it out, in words; empty where it does not. Holds in every layer."""
    size = len(code.encode("utf-8", "replace"))
    return f"the program has {size} bytes, at most {MAX_CODE_BYTES}" if size > MAX_CODE_BYTES else ""


def refusal(found: Scan) -> str:
    """Why the program is refused, in words; empty where it is not."""
    if found.too_deep:
        return "the program is nested too deeply"
    outside = sorted(found.imports - MODULES - PACKAGES)
    if outside:
        return f"imports {', '.join(outside)}, which programs may not"
    missing = sorted(name for name in found.imports & PACKAGES if importlib.util.find_spec(name) is None)
    if missing:
        return f"needs {', '.join(missing)}, which is not installed (extra: sympy)"
    if found.doors:
        return f"uses {', '.join(sorted(found.doors))}, which programs may not"
    return ""
