"""The rules of the house as pure functions over source text; `test_architecture.py` holds the tree against them.

Every rule takes the text of a module (or of all modules, by dotted name) and returns its violations, one sentence each;
an empty list is a pass. Nothing is imported: all is read from the syntax tree.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from functools import cache

PACKAGE = "datagen_cli"
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 80

# From the top down; folders on one line never import one another.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("__main__",),
    ("cli",),
    ("api",),
    ("report",),
    ("export",),
    ("bench",),
    ("evaluation",),
    ("students",),
    ("pipeline",),
    ("stages", "runs"),
    ("offline",),
    ("validators", "metrics", "examples", "sources", "llm"),
    ("prompts", "constraints"),
    ("sandbox", "retrieval", "text", "config"),
    ("core",),
    ("catalog",),
)
FORBIDDEN = {("stages", "llm"): "what a stage needs from a model comes through its context"}
HEAVY = frozenset(
    ("torch", "transformers", "sentence_transformers", "hdbscan", "litellm", "datasets", "huggingface_hub", "pyarrow",
     "pandas", "sklearn", "ray", "ddgs", "rensa", "sympy", "scipy", "nltk", "mauve", "openai")
)  # fmt: skip
# Not heavy, but not free: the start of the command line must not need them.
SLOW_TO_START = HEAVY | {
    "numpy", "pydantic", "aiohttp", "jinja2", "jsonschema", "json_repair", "sqlite3", "asyncio"
}  # fmt: skip
VAGUE_NAMES = frozenset(("utils", "util", "common", "base", "helpers", "helper", "manager", "misc"))
PRINTER = f"{PACKAGE}.cli.console"
ROOMS_OF_MEASURES = frozenset(("metrics", "evaluation", "report", "students", "bench"))
ORDINARY_METRICS = frozenset(("length", "balance", "constraints", "student", "correctness", "safety", "verified"))

Tree = Mapping[str, str]
"""Dotted module name (`datagen_cli.core` for an `__init__.py`) to source text."""


@cache
def _parse(source: str) -> ast.Module:
    return ast.parse(source)


@cache
def _nodes(source: str) -> tuple[ast.AST, ...]:
    """Every node of a source. Some twenty rules look at the same five hundred files."""
    return tuple(ast.walk(_parse(source)))


def folder_of(module: str) -> str:
    """`datagen_cli.core.record` belongs to `core`, `datagen_cli.catalog` to `catalog`, the package itself to ``."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def rank_of(folder: str) -> int | None:
    """Height of a folder's layer, 0 at the top; None for a folder that the table does not know."""
    return next((height for height, line in enumerate(LAYERS) if folder in line), None)


def top_level_nodes(tree: ast.Module) -> Iterator[ast.stmt]:
    """Statements that run when the module is imported; blocks under `if TYPE_CHECKING` are left out."""
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting.extend(node.orelse)
            continue
        if isinstance(node, ast.stmt):
            yield node
        waiting.extend(ast.iter_child_nodes(node))


def imported_names(nodes: Iterator[ast.AST], module: str, *, is_package: bool = False) -> Iterator[tuple[str, int]]:
    """Dotted names that the import statements among `nodes` name, with their lines; relative ones resolved."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = node.module or ""
            if node.level:
                above = module.split(".")[: (1 if is_package else 0) - node.level or None]
                origin = ".".join([*above, *([origin] if origin else [])])
            yield from ((f"{origin}.{alias.name}", node.lineno) for alias in node.names)


def own_imports(tree: Tree, module: str, *, on_import: bool = False) -> list[tuple[str, int]]:
    """Modules of the tree that `module` imports, with lines; `on_import`: only those needed to import it."""
    parsed = _parse(tree[module])
    nodes: Iterator[ast.AST] = top_level_nodes(parsed) if on_import else iter(_nodes(tree[module]))
    is_package = any(name.startswith(f"{module}.") for name in tree)
    found = []
    for name, line in imported_names(nodes, module, is_package=is_package):
        if name.split(".")[0] == PACKAGE:
            target = name if name in tree else name.rpartition(".")[0]
            found.append((target if target in tree else name, line))
    return found


def layer_violations(tree: Tree) -> list[str]:
    """Imports that go up, sideways between folders of one line, or where they are forbidden; unknown folders."""
    found = []
    for module in tree:
        folder = folder_of(module)
        if folder and rank_of(folder) is None:
            found.append(f"{module}: {folder} stands in no layer")
        for target, line in own_imports(tree, module):
            problem = _why_not(folder, folder_of(target))
            if problem:
                found.append(f"{module}:{line}: {problem}")
    return found


def _why_not(source: str, target: str) -> str:
    """Why a module of folder `source` may not import from folder `target`; empty when it may."""
    high, low = rank_of(source), rank_of(target)
    if not source or source == target or not target or high is None or low is None:
        return ""
    if (source, target) in FORBIDDEN:
        return f"{source} imports {target}: {FORBIDDEN[source, target]}"
    if high == low:
        return f"{source} imports {target}, which stands on the same line"
    return f"{source} imports {target}, which stands above it" if low < high else ""


def circles(tree: Tree) -> list[str]:
    """Import circles between modules, imports inside functions included: `a > b > a`."""
    graph = {module: sorted({name for name, _ in own_imports(tree, module) if name != module}) for module in tree}
    found: list[str] = []
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        if module in path:
            found.append(" > ".join([*path[path.index(module) :], module]))
            return
        if module in done:
            return
        for target in graph.get(module, []):
            visit(target, (*path, module))
        done.add(module)

    for module in sorted(graph):
        visit(module, ())
    return found


def length_violations(source: str) -> list[str]:
    """Files and functions that are too long."""
    lines = len(source.splitlines())
    found = [f"{lines} lines, at most {MAX_FILE_LINES}"] if lines > MAX_FILE_LINES else []
    for node in _nodes(source):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MAX_FUNCTION_LINES:
                found.append(f"{node.name} has {length} lines, at most {MAX_FUNCTION_LINES}")
    return found


def print_violations(source: str) -> list[str]:
    """Uses of print, of an `echo` and of the standard streams' `write`."""
    found = []
    for node in _nodes(source):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called in ("print", "typer.echo", "click.echo", "sys.stdout.write", "sys.stderr.write", "rich.print"):
            found.append(f"line {node.lineno}: calls {called}")
    return found


def heavy_imports(source: str, heavy: frozenset[str] = HEAVY) -> list[str]:
    """Heavy libraries that importing the module would import."""
    found = []
    for name, line in imported_names(top_level_nodes(_parse(source)), PACKAGE):
        if name.split(".")[0] in heavy:
            found.append(f"line {line}: imports {name.split('.')[0]} at module level")
    return found


def needed_to_import(tree: Tree, module: str) -> list[str]:
    """All modules of the tree that importing `module` imports, packages on the way included, itself first."""
    reached: list[str] = []
    waiting = [module]
    while waiting:
        name = waiting.pop(0)
        if name in reached or name not in tree:
            continue
        reached.append(name)
        waiting.extend(target for target, _ in own_imports(tree, name, on_import=True))
        waiting.append(name.rpartition(".")[0])
    return reached


def more_than_a_docstring(source: str) -> bool:
    """Whether an `__init__.py` holds anything but one docstring, or none."""
    body = _parse(source).body
    return not (len(body) == 1 and ast.get_docstring(_parse(source)))


def lacks_docstring(source: str) -> bool:
    """Whether a module has no docstring, or one that says nothing yet."""
    text = ast.get_docstring(_parse(source))
    return not text or text.strip().strip(".") == "TODO"


def vague_name(module: str) -> bool:
    """Whether some part of a module's name says nothing about what is in it."""
    return any(part in VAGUE_NAMES for part in module.split("."))


def catalog_violations(catalog: Mapping[str, Mapping[str, str]], tree: Tree) -> list[str]:
    """Entries whose module or class is not in the tree, or not named as the recipe names them."""
    found = []
    for kind, table in catalog.items():
        for name, target in table.items():
            module, _, attribute = target.partition(":")
            if module not in tree:
                found.append(f"{kind}.{name}: there is no module {module}")
            elif attribute not in _defined_names(tree[module]):
                found.append(f"{kind}.{name}: {module} defines no {attribute}")
    return found


def checks_named_elsewhere(catalog: Mapping[str, Mapping[str, str]], tree: Tree) -> list[str]:
    """Constraints and validators that a module beside their own, and the catalog, knows by name.

    Seen are: a kind or type compared with a name, a table of names (a constant that is a mapping, list or set of
    nothing but names), and a class that is loaded by a literal name. The names are ordinary words elsewhere.
    """
    shelves = ("constraints", "validators")
    homes = {name: target.partition(":")[0] for kind in shelves for name, target in catalog[kind].items()}
    found = []
    for module, source in tree.items():
        foreign = {name for name, home in homes.items() if home != module}
        if module != f"{PACKAGE}.catalog":
            found += [f"{module}:{line}: names {name}" for name, line in _names_used(source, foreign)]
    return found


def _names_used(source: str, names: set[str]) -> Iterator[tuple[str, int]]:
    for node in _nodes(source):
        told: list[ast.AST | None] = []
        if isinstance(node, ast.Compare) and any(_is_a_kind(side) for side in (node.left, *node.comparators)):
            told = [part for side in (node.left, *node.comparators) for part in _parts(side)]
        elif isinstance(node, ast.Call) and _called(node) in ("load", "facts_of"):
            told = list(node.args[1:])
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            parts = _parts(node.value)
            constant = all(isinstance(part, ast.Constant) and part.value in names for part in parts)
            told = parts if constant and _is_a_constant(node) else []
        for part in told:
            if isinstance(part, ast.Constant) and part.value in names:
                yield str(part.value), part.lineno


def _called(node: ast.Call) -> str:
    """The last part of the name of what is called; empty for what has no name."""
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def _parts(node: ast.AST) -> list[ast.AST | None]:
    """The items of a literal collection, the keys of a mapping, or the node alone."""
    if isinstance(node, ast.Call) and len(node.args) == 1:  # frozenset((...))
        return _parts(node.args[0])
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return list(node.elts)
    return list(node.keys) if isinstance(node, ast.Dict) else [node]


def _is_a_kind(node: ast.AST) -> bool:
    """`check.type`, `kind`, `kind_of` and the like."""
    return getattr(node, "attr", getattr(node, "id", "")) in ("type", "kind", "kind_of", "check_type")


def _is_a_constant(node: ast.Assign | ast.AnnAssign) -> bool:
    """Whether the assignment is to a name in capitals and its value is a collection."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    collection = isinstance(node.value, ast.Tuple | ast.List | ast.Set | ast.Dict | ast.Call)
    return collection and all(isinstance(target, ast.Name) and target.id.isupper() for target in targets)


def metric_name_violations(catalog: Mapping[str, Mapping[str, str]], tree: Tree) -> list[str]:
    """String literals that name a metric outside the file of its own class: whoever deals with measures asks the class.

    Names that are ordinary words (`length`: also a constraint and a reason to finish) count in the rooms of measures.
    """
    homes = {name: target.partition(":")[0] for name, target in catalog["metrics"].items()}
    found = []
    for module, source in tree.items():
        for node in _nodes(source) if module != f"{PACKAGE}.catalog" else ():
            if not isinstance(node, ast.Constant) or homes.get(str(node.value), module) == module:
                continue
            if node.value not in ORDINARY_METRICS or folder_of(module) in ROOMS_OF_MEASURES:
                found.append(f"{module}:{node.lineno}: names the metric {node.value!r}")
    return found


def named_items(source: str, names: Collection[str]) -> list[str]:
    """Where a module decides by the name of a shelf item: a comparison with it, a case of `match`, a test of how a text
    starts, or a key of a table. The item's class is the place to state what the code wants to know."""
    found = []
    for node in _nodes(source):
        said: list[ast.expr | None] = []
        if isinstance(node, ast.Compare):
            said = [node.left, *node.comparators]
        elif isinstance(node, ast.MatchValue):
            said = [node.value]
        elif isinstance(node, ast.Dict):
            said = list(node.keys)
        elif isinstance(node, ast.Subscript):
            said = [node.slice]
        elif isinstance(node, ast.Call) and _called(node) in BEGINNINGS:
            said = list(node.args)
        texts = {text.removesuffix("/") for part in said if part is not None for text in _texts_of(part)}
        found += [f"line {node.lineno}: decides by the name {name!r}" for name in sorted(texts & set(names))]  # type: ignore[attr-defined]
    return found


BEGINNINGS = ("startswith", "endswith", "removeprefix")


def _texts_of(node: ast.expr) -> set[str]:
    """The texts that an expression is, or lists."""
    parts = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else [node]
    return {part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)}


def _defined_names(source: str) -> set[str]:
    """Names that a module defines or imports at its top."""
    names: set[str] = set()
    for node in _parse(source).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.ImportFrom):
            names.update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Assign):
            names.update(target.id for target in node.targets if isinstance(target, ast.Name))
    return names
