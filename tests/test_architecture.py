"""The tree held against the rules of architecture.md, and each rule shown to catch what it forbids."""

from __future__ import annotations

from pathlib import Path

import pytest

from datagen_cli.catalog import CATALOG
from tests import architecture as rules

ROOT = Path(__file__).resolve().parent.parent
# Folders of tests that mirror no folder of the package.
OTHER_TESTS = {"contracts", "benchmarks", "recipes", "real"}


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _read(folder: str) -> dict[str, Path]:
    return {_name(path): path for path in sorted((ROOT / folder).rglob("*.py"))}


MODULES = _read("datagen_cli")
TREE = {name: path.read_text("utf-8") for name, path in MODULES.items()}
TESTS = {name: path.read_text("utf-8") for name, path in _read("tests").items()}
# Modules that still know checks by name; the list only shrinks.
START = ("catalog", "core.registry", "core.errors", "core.record", "cli.app")


def _where(found: dict[str, list[str]]) -> list[str]:
    return [f"{module}: {problem}" for module, problems in found.items() for problem in problems]


# The tree.


def test_imports_go_downwards_only() -> None:
    assert rules.layer_violations(TREE) == []


def test_there_is_no_import_circle() -> None:
    assert rules.circles(TREE) == []


def test_files_and_functions_are_short() -> None:
    assert _where({name: rules.length_violations(text) for name, text in TREE.items()}) == []


def test_files_of_tests_are_short() -> None:
    long = {name: len(text.splitlines()) for name, text in TESTS.items()}
    assert {name: lines for name, lines in long.items() if lines > rules.MAX_FILE_LINES} == {}


def test_only_the_console_prints() -> None:
    assert _where({name: rules.print_violations(text) for name, text in TREE.items() if name != rules.PRINTER}) == []


def test_nothing_heavy_is_imported_at_module_level() -> None:
    assert _where({name: rules.heavy_imports(text) for name, text in TREE.items()}) == []


@pytest.mark.parametrize("start", START)
def test_the_start_needs_nothing_slow(start: str) -> None:
    module = f"{rules.PACKAGE}.{start}"
    assert module in TREE
    needed = rules.needed_to_import(TREE, module)
    assert _where({name: rules.heavy_imports(TREE[name], rules.SLOW_TO_START) for name in needed}) == []


def test_packages_hold_a_docstring_only() -> None:
    packages = {name: path for name, path in {**MODULES, **_read("tests")}.items() if path.name == "__init__.py"}
    more = [name for name, path in packages.items() if rules.more_than_a_docstring(path.read_text("utf-8"))]
    assert more == [rules.PACKAGE]  # which forwards to `api`


def test_every_folder_of_the_package_is_a_package() -> None:
    folders = {path.parent for path in MODULES.values()}
    assert [str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_every_module_says_what_it_does() -> None:
    assert [name for name, text in TREE.items() if rules.lacks_docstring(text)] == []


def test_no_module_has_a_vague_name() -> None:
    assert [name for name in TREE if rules.vague_name(name)] == []


def test_the_catalog_names_what_exists() -> None:
    assert rules.catalog_violations(CATALOG, TREE) == []


def test_what_must_be_known_of_a_check_stands_in_its_class() -> None:
    found = rules.checks_named_elsewhere(CATALOG, TREE)
    assert {problem.partition(":")[0] for problem in found} == set(), found


def test_no_file_names_the_metric_of_another() -> None:
    assert rules.metric_name_violations(CATALOG, TREE) == []


def test_only_a_provider_says_what_it_is() -> None:
    shelf = CATALOG["providers"]
    own = {f"{rules.PACKAGE}.catalog", *(target.partition(":")[0] for target in shelf.values())}
    others = {name: text for name, text in TREE.items() if name not in own}
    assert _where({name: rules.named_items(text, shelf) for name, text in others.items()}) == []


def test_only_a_way_of_drawing_examples_says_what_it_needs() -> None:
    shelf = CATALOG["examples"]
    own = {f"{rules.PACKAGE}.catalog", *(target.partition(":")[0] for target in shelf.values())}
    assert _where({name: rules.named_items(text, shelf) for name, text in TREE.items() if name not in own}) == []


def test_the_tests_mirror_the_package() -> None:
    folders = {rules.folder_of(name) for name in TREE if name.count(".") > 1}
    tested = {
        name.split(".")[1] for name in TESTS if name.rpartition(".")[2].startswith("test_") and name.count(".") > 1
    }
    assert folders - tested == set(), "folders without a test"
    assert tested - folders - OTHER_TESTS == set(), "tests of no folder"


# The rules: each catches what it forbids, and lets its neighbour pass.


def tree(**modules: str) -> dict[str, str]:
    """A planted tree; `core__record="..."` is the module `datagen_cli.core.record`."""
    return {f"{rules.PACKAGE}.{name.replace('__', '.')}": text for name, text in modules.items()}


@pytest.mark.parametrize(
    ("source", "line", "problem"),
    [
        ("core__a", "from datagen_cli.cli.console import out", "core imports cli, which stands above it"),
        ("core__a", "def f():\n    import datagen_cli.cli.console", "core imports cli, which stands above it"),
        ("core__a", "from ..cli import console", "core imports cli, which stands above it"),
        ("core__a", "from datagen_cli.cli import console", "core imports cli, which stands above it"),
        ("catalog", "from datagen_cli.core import a", "catalog imports core, which stands above it"),
        ("llm__a", "from datagen_cli.validators.b import x", "llm imports validators, which stands on the same line"),
        ("text__a", "import datagen_cli.config.b as b", "text imports config, which stands on the same line"),
        ("stages__a", "from datagen_cli.llm.b import x", "stages imports llm: what a stage needs"),
        ("newthing__a", "x = 1", "newthing stands in no layer"),
    ],
)
def test_an_import_against_the_layers_is_caught(source: str, line: str, problem: str) -> None:
    around = {"cli__console": "", "core__a": "", "validators__b": "", "config__b": "", "llm__b": "x = 1"}
    found = rules.layer_violations(tree(**{**around, source: line}))
    assert len(found) == 1
    assert problem in found[0]


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("cli__a", "from datagen_cli.core.b import x"),
        ("stages__a", "from datagen_cli.prompts.b import x"),
        ("core__a", "from datagen_cli.core.b import x"),
        ("core__a", "from .b import x"),
        ("core__a", "import json, os.path"),
        ("core__registry", "from datagen_cli.catalog import CATALOG"),
        ("__main__", "from datagen_cli.cli.app import main"),
    ],
)
def test_an_import_with_the_layers_passes(source: str, line: str) -> None:
    assert rules.layer_violations(tree(**{"core__b": "x = 1", "catalog": "", "cli__app": "", source: line})) == []


def test_a_circle_inside_a_folder_is_caught() -> None:
    planted = tree(
        core__a="from datagen_cli.core import b",
        core__b="def f():\n    from datagen_cli.core.c import x",
        core__c="from .a import y",
    )
    package = rules.PACKAGE
    assert rules.circles(planted) == [f"{package}.core.a > {package}.core.b > {package}.core.c > {package}.core.a"]
    assert rules.circles({**planted, f"{package}.core.c": "x = 1"}) == []


def test_long_files_and_functions_are_caught() -> None:
    body = "    x = 1\n"
    assert rules.length_violations("x = 1\n" * 401) == ["401 lines, at most 400"]
    assert rules.length_violations("x = 1\n" * 400) == []
    assert rules.length_violations("def f():\n" + body * 80) == ["f has 81 lines, at most 80"]
    assert rules.length_violations("async def f():\n" + body * 79) == []
    assert rules.length_violations("class A:\n    def f(self):\n" + "    " * 1 + body * 1 + "        y = 2\n" * 79) == [
        "f has 81 lines, at most 80"
    ]


@pytest.mark.parametrize("line", ["print('x')", "typer.echo('x')", "sys.stdout.write('x')", "def f():\n    print(1)"])
def test_printing_is_caught(line: str) -> None:
    assert len(rules.print_violations(line)) == 1


def test_words_that_only_look_like_printing_pass() -> None:
    assert rules.print_violations("'print(1)'\nfingerprint(1)\nfile.write('x')") == []


@pytest.mark.parametrize(
    "line",
    [
        "import torch",
        "from sklearn.svm import SVC",
        "try:\n    import ray\nexcept ImportError:\n    ray = None",
        "class A:\n    import scipy.stats",
        "if x:\n    import litellm",
        "import json, pandas as pd",
    ],
)
def test_a_heavy_import_at_module_level_is_caught(line: str) -> None:
    assert len(rules.heavy_imports(line)) == 1


@pytest.mark.parametrize(
    "line",
    [
        "def f():\n    import torch",
        "class A:\n    def f(self):\n        from ray import get",
        "import numpy",
        "import torchless",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch",
        "from datagen_cli.llm import litellm",
    ],
)
def test_an_import_that_costs_nothing_passes(line: str) -> None:
    assert rules.heavy_imports(line) == []


def test_what_a_module_needs_is_followed_through_the_tree() -> None:
    planted = tree(
        cli__app="from datagen_cli.core import a\ndef f():\n    import datagen_cli.core.c",
        core__a="from .b import x",
        core__b="import pydantic",
        core__c="import numpy",
    )
    needed = rules.needed_to_import(planted, f"{rules.PACKAGE}.cli.app")
    assert needed == [f"{rules.PACKAGE}.{name}" for name in ("cli.app", "core.a", "core.b")]
    assert rules.heavy_imports(planted[needed[2]], rules.SLOW_TO_START) == ["line 1: imports pydantic at module level"]


def test_a_package_with_code_is_caught() -> None:
    assert rules.more_than_a_docstring('"""Doc."""\nx = 1\n')
    assert rules.more_than_a_docstring("")
    assert not rules.more_than_a_docstring('"""Doc."""\n')


def test_a_module_without_words_is_caught() -> None:
    assert rules.lacks_docstring("x = 1")
    assert rules.lacks_docstring('"""TODO"""')
    assert not rules.lacks_docstring('"""Counts words."""')


def test_a_vague_name_is_caught() -> None:
    assert rules.vague_name("datagen_cli.text.utils")
    assert rules.vague_name("datagen_cli.common.words")
    assert not rules.vague_name("datagen_cli.text.database")


def test_a_catalog_entry_without_a_class_is_caught() -> None:
    planted = tree(sources__files="class Jsonl:\n    pass\n")
    table = {"jsonl": "datagen_cli.sources.files:Jsonl", "csv": "datagen_cli.sources.files:Csv", "x": "datagen_cli.y:X"}
    assert rules.catalog_violations({"sources": table}, planted) == [
        "sources.csv: datagen_cli.sources.files defines no Csv",
        "sources.x: there is no module datagen_cli.y",
    ]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ('if check.type == "code":\n    pass', "code"),
        ('x = kind in ("code", "other")', "code"),
        ('COSTS = {"code": 1, "length": 2}', "code"),
        ('FINDING: tuple[str, ...] = ("length",)', "length"),
        ('FINDING = frozenset(("length",))', "length"),
        ('x = load("validators", "code")', "code"),
        ('x = config.facts_of("constraints", "length")', "length"),
    ],
)
def test_a_check_that_another_module_names_is_caught(line: str, name: str) -> None:
    table = {"constraints": {"length": "datagen_cli.constraints.length:Length"}, "validators": {"code": "x:Code"}}
    found = rules.checks_named_elsewhere(table, tree(pipeline__a=line))
    assert any(problem.endswith(f"names {name}") for problem in found)


@pytest.mark.parametrize(
    "line",
    [
        'x = reply.finish_reason == "length"',
        'x = {"code": 1, "message": 2}',
        'x = "code" in value',
        'KNOWN = ("code", "message")',
        'x = load("examples", "random")',
        'LENGTH = "length"',
    ],
)
def test_an_ordinary_word_that_is_also_the_name_of_a_check_passes(line: str) -> None:
    table = {"constraints": {"length": "datagen_cli.constraints.length:Length"}, "validators": {"code": "x:Code"}}
    assert rules.checks_named_elsewhere(table, tree(pipeline__a=line)) == []


def test_a_check_may_name_itself() -> None:
    table = {"constraints": {}, "validators": {"code": "datagen_cli.validators.code:Code"}}
    assert rules.checks_named_elsewhere(table, tree(validators__code='NAMES = ("code",)')) == []


def test_the_name_of_a_metric_is_caught_outside_its_file() -> None:
    catalog = {"metrics": {"aps": "datagen_cli.metrics.aps:Aps", "length": "datagen_cli.metrics.length:Length"}}
    own = tree(metrics__aps='name = "aps"', metrics__length='name = "length"', catalog='x = "aps"')
    free = tree(llm__a='stop == "length"', config__a='"""aps: the docstring of something."""')
    assert rules.metric_name_violations(catalog, {**own, **free}) == []
    for module, line in [("llm__a", 'x = ["aps"]'), ("report__a", 'd["length"]'), ("metrics__b", 'x = {"aps": 1}')]:
        assert len(rules.metric_name_violations(catalog, {**own, **tree(**{module: line})})) == 1


@pytest.mark.parametrize(
    "line",
    [
        "if target.kind == 'local': pass",
        "x = kind in ('offline', 'local')",
        "x = name.startswith('local/')",
        "PRICES = {'offline': 0, 'other': 1}",
        "x = PRICES['offline']",
        "match kind:\n    case 'local': pass",
    ],
)
def test_a_decision_by_the_name_of_a_shelf_item_is_caught(line: str) -> None:
    assert rules.named_items(line, ("offline", "local")) != []


@pytest.mark.parametrize("line", ["engine = 'local'", "say('offline')", "x = kind == 'remote'", "x = 'local' + kind"])
def test_a_word_that_is_also_the_name_of_a_shelf_item_passes(line: str) -> None:
    assert rules.named_items(line, ("offline", "local")) == []
