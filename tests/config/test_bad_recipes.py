"""Everything a user can get wrong in a recipe: the message, the hint and the place, to the letter."""

from __future__ import annotations

from pathlib import Path

import pytest

from datagen_cli.config.load import load_recipe
from datagen_cli.core.errors import Place, RecipeError
from tests.config.recipes import FULL, SMALL, failure, write

QUOTED = "put it in quotes"


@pytest.mark.parametrize(
    ("added", "line", "message", "hint"),
    [
        # unknown options, at every level
        ("label_: x", 10, "label_: unknown option", "did you mean label?"),
        ("base: {pth: x}", 10, "base.pth: unknown option", "did you mean path?"),
        ("limits:\n  max_cots: 3", 11, "limits.max_cots: unknown option", "did you mean max_cost?"),
        (
            "sampling: {correlated: {variant: plain, gama: 1}}",
            10,
            "sampling.correlated.gama: unknown option",
            "did you mean gamma?",
        ),
        (
            "attributes:\n  a: [x]\n  b: {value: [y]}",
            12,
            "attributes.b.value: unknown option",
            "did you mean values?",
        ),
        ("models: {reviwer: x}", 10, "models.reviwer: unknown option", "did you mean reviewer?"),
        (
            "models: {judge: {nam: x}}",
            10,
            "models.judge.nam: unknown option (and 1 more problem)",
            "did you mean name?",
        ),
        (
            "models: {generator: [{name: x, shares: 2}]}",
            10,
            "models.generator[0].shares: unknown option",
            "did you mean share?",
        ),
        (
            "constraints:\n  - ask: x\n  - length: {field: text, max_word: 3}",
            12,
            "constraints[1].length.max_word: unknown option",
            "did you mean max_words?",
        ),
        (
            "dedup: {nearly: 1}\nprompts: {sytem: x}",
            10,
            "dedup.nearly: unknown option (and 1 more problem)",
            "did you mean near?",
        ),
        # wrong types
        ("seed: x", 10, 'seed: expected a whole number, found text "x"', ""),
        ("seed: '3'", 10, 'seed: expected a whole number, found text "3"', "remove the quotes"),
        ("seed: 1.5", 10, "seed: expected a whole number, found number 1.5", ""),
        ("seed: true", 10, "seed: expected a whole number, found true", ""),
        ("seed: -1", 10, "seed: must be at least 0, found -1", ""),
        ("seed: [1]", 10, "seed: expected a whole number, found a list", ""),
        ("constraints: {length: {}}", 10, "constraints: expected a list, found a mapping", ""),
        ("limits: 3", 10, "limits: expected a mapping, found number 3", ""),
        ("limits: {max_cost: .inf}", 10, 'limits.max_cost: expected a number, found text ".inf"', ""),
        ("limits: {max_cost: 0}", 10, "limits.max_cost: must be above 0, found 0", ""),
        (
            "limits: {hedge: yes}",
            10,
            'limits.hedge: expected true or false, found text "yes"',
            "only true and false, unquoted, are booleans",
        ),
        ("embedder: 3", 10, "embedder: expected text, found number 3", QUOTED),
        (
            "method: instances",
            10,
            'method: expected one of instance, response or enhance, found text "instances"',
            "did you mean instance?",
        ),
        (
            "difficulty: {share: 2, operators: [paraphrase, add]}",
            10,
            "difficulty.share: must be at most 1, found 2 (and 1 more problem)",
            "",
        ),
        ("difficulty: {share: 1, operators: []}", 10, "difficulty.operators: must not be empty", ""),
        (
            "models: {coder: 3}",
            10,
            "models.coder: expected a mapping or a list, found number 3",
            "",
        ),
        ("models: {generator: []}", 10, "models.generator: must not be empty", ""),
        (
            "models: {coder: {name: m, price: cheap}}",
            10,
            'models.coder.price: expected free or a mapping, found text "cheap"',
            "",
        ),
        (
            "models: {coder: {name: m, price: {input_per_million: 1}}}",
            10,
            "models.coder.price.output_per_million: required",
            "output_per_million: tokens of replies",
        ),
        (
            "models: {coder: {name: m, base_url: localhost}}",
            10,
            "models.coder.base_url: must start with http:// or https:// and name a host",
            "",
        ),
        (
            "models: {coder: {name: m, api_key_env: SECRET}}",
            10,
            "models.coder.api_key_env: must be the name of an environment variable that ends in _KEY or _TOKEN",
            "",
        ),
        ("models: {coder: [a, b]}", 10, "models.coder: one model only: a list is for the generator", ""),
        ("records_per_call: 0", 10, "records_per_call: must be at least 1, found 0", ""),
        # checks
        (
            "constraints:\n  - lenght: {field: text}",
            11,
            "constraints[0].lenght: unknown constraint",
            "did you mean length?",
        ),
        ("validators:\n  - scheme", 11, "validators[0].scheme: unknown validator", "did you mean schema?"),
        (
            "constraints:\n  - code: {}",
            11,
            "constraints[0].code: unknown constraint",
            "code is one of the validators: list it there",
        ),
        (
            "constraints:\n  - length:\n    field: text",
            11,
            "constraints[0]: expected one constraint, found length, field",
            "start each with a dash; indent its options below it",
        ),
        (
            "constraints: [3]",
            10,
            "constraints[0]: expected a constraint, found number 3",
            "such as `- length: {field: text, max_words: 90}`",
        ),
        ("constraints: [length: 3]", 10, "constraints[0].length: expected a mapping of options, found number 3", ""),
        (
            "constraints: [length: {field: text, max_words: x}]",
            10,
            'constraints[0].length.max_words: expected a whole number, found text "x"',
            "",
        ),
        (
            "constraints:\n  - length: {field: text, min_words: 9, max_words: 5}",
            11,
            "constraints[0].length: min_words 9 is above max_words 5",
            "",
        ),
        (
            "constraints: [ask]",
            10,
            "constraints[0].ask.text: required",
            "text: what must hold of every record, in words",
        ),
        ("constraints: [ask: 3]", 10, "constraints[0].ask: expected text, found number 3", QUOTED),
        (
            "constraints: [ask: {text: x, on_fail: retry}]",
            10,
            'constraints[0].ask.on_fail: expected one of drop, fix or keep, found text "retry"',
            "",
        ),
        (
            "constraints:\n  - ask: {text: x, name: n}\n  - ask: {text: y, name: n}",
            12,
            "constraints[1].ask.name: n is the name of constraints[0] too",
            "names are unique",
        ),
    ],
)
def test_what_is_wrong_says_where_and_what_to_do(
    tmp_path: Path, added: str, line: int, message: str, hint: str
) -> None:
    assert failure(tmp_path, SMALL + added) == (f"x.yaml:{line}", message, hint)


@pytest.mark.parametrize(
    ("old", "new", "place", "message", "hint"),
    [
        ("version: 1", "version: 2", "x.yaml:1", "version: expected 1, found number 2", ""),
        ("version: 1\n", "", "x.yaml", "version: required", "version: of the recipe format: 1"),
        ("count: 5", "count: 0", "x.yaml:9", "count: must be at least 1, found 0", ""),
        ("count: 5", "count:", "x.yaml:9", "count: required", "count: accepted, distinct records"),
        (
            "name: small",
            "name: a/b",
            "x.yaml:2",
            'name: not allowed: "a/b"',
            "names the run's folder: letters, digits, dots, dashes and underscores",
        ),
        (
            "description: short notes",
            "description: 12",
            "x.yaml:3",
            "description: expected text, found number 12",
            QUOTED,
        ),
        ("model: offline\n", "", "x.yaml", "model is missing: name one, such as `model: offline`", ""),
        (
            "{type: text}",
            "{type: txt}",
            "x.yaml:5",
            ('fields.text.type: expected one of text, code, number, boolean, label, list or json, found text "txt"'),
            "did you mean text?",
        ),
        (
            "{type: text}",
            "{type: text, regex: '('}",
            "x.yaml:5",
            "fields.text.regex: broken regular expression: missing ), unterminated subpattern at position 0",
            "",
        ),
        (
            "{type: text}",
            "{keep: false, splt: x}",
            "x.yaml:5",
            "fields.text.splt: unknown option",
            "did you mean split?",
        ),
        (
            "{type: text}",
            "text",
            "x.yaml:5",
            "fields.text: column reads a base, and there is none",
            "say what it is, such as `{type: text}`, or name a base",
        ),
        (
            "{type: text}",
            "{type: json, schema: {type: objct}}",
            "x.yaml:5",
            "fields.text.schema: not a JSON Schema: 'objct' is not valid under any of the given schemas",
            "",
        ),
        (
            "  text: {type: text}",
            "  id: {type: text}",
            "x.yaml:5",
            "fields.id: reserved: every row has it already",
            "give the field another name",
        ),
        ("field: kind,", "field: knd,", "x.yaml:7", "label.field: no field 'knd'", "did you mean kind?"),
        ("field: kind,", "", "x.yaml:7", "label.field: required", "field: the field that holds the label"),
        ("[a, b]}", "[a, a]}", "x.yaml:7", "label.values: a is given twice", ""),
        ("[a, b]}", "[a, [b]]}", "x.yaml:7", "label.values: values must be texts or numbers", ""),
        (
            "[a, b]}",
            "[a, b], quota: {a: 1, c: 1}}",
            "x.yaml:7",
            "label: quota names c, which values does not list",
            "",
        ),
        (
            "[a, b]}",
            "[a, b], quota: {a: x}}",
            "x.yaml:7",
            'label.quota.a: expected a number, found text "x"',
            "",
        ),
        (
            "[a, b]}",
            "[a, b], quota: even}",
            "x.yaml:7",
            'label.quota: expected none, balanced, base or a mapping, found text "even"',
            "",
        ),
        (
            ", values: [a, b]}",
            ", quota: balanced}",
            "x.yaml:7",
            "label.quota: balanced needs values, or a base that has them",
            "list them under label.values",
        ),
    ],
)
def test_a_changed_part_is_found(tmp_path: Path, old: str, new: str, place: str, message: str, hint: str) -> None:
    assert old in SMALL
    assert failure(tmp_path, SMALL.replace(old, new)) == (place, message, hint)


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("", "x.yaml", "the file is empty", "`datagen init` writes one to start from"),
        ("# later\n", "x.yaml", "the file is empty", "`datagen init` writes one to start from"),
        ("- version: 1\n", "x.yaml:1", "expected a mapping, found a list", "start with `version: 1`"),
        ("hello\n", "x.yaml:1", "expected a mapping, found text", "start with `version: 1`"),
        (
            "name: [a\nb: c\n",
            "x.yaml:2",
            "not YAML: while parsing a flow sequence, did not find expected ',' or ']'",
            "close the [",
        ),
        (
            "name: !!python/name:os.system\n",
            "x.yaml:1",
            "the tag !!python/name:os.system is not allowed",
            "a recipe holds text, numbers, booleans, lists and mappings only",
        ),
        (SMALL + "count: 6\n", "x.yaml:10", "count: given twice", "first given in line 9"),
        (SMALL.replace("short", "sho\0rt"), "x.yaml:3", "not YAML: holds a NUL byte", "is this a text file?"),
        (SMALL.replace("short", "schön").encode("latin-1"), "x.yaml:3", "not UTF-8 text", "save it as UTF-8"),
        (b"#" * 4_000_001, "x.yaml", "too large for a recipe (over 4 MB)", "base data belongs under base.path"),
    ],
)
def test_a_file_that_is_no_recipe_says_so(
    tmp_path: Path, text: str | bytes, place: str, message: str, hint: str
) -> None:
    assert failure(tmp_path, text) == (place, message, hint)


def test_all_problems_are_counted_and_the_likely_cause_comes_first(tmp_path: Path) -> None:
    text = SMALL.replace("count: 5", "cuont: 5") + "seed: x\nconstraints: [lenght]\n"
    place, message, hint = failure(tmp_path, text)
    assert (place, message, hint) == ("x.yaml:9", "cuont: unknown option (and 3 more problems)", "did you mean count?")


def test_a_missing_recipe_lists_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        load_recipe("quikstart", environ={}, cwd=tmp_path)
    assert (caught.value.message, caught.value.hint) == ("no such recipe: quikstart", "did you mean quickstart?")
    with pytest.raises(RecipeError) as caught:
        load_recipe("zzz.yaml", environ={}, cwd=tmp_path)
    assert caught.value.hint.startswith("give a file, or the name of a shipped recipe: ")
    assert "quickstart" in caught.value.hint


def test_a_folder_is_no_recipe(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    with pytest.raises(RecipeError) as caught:
        load_recipe("runs", environ={}, cwd=tmp_path)
    assert str(caught.value) == "runs: is a folder, not a file"


def test_the_file_is_shown_as_the_user_named_it(tmp_path: Path) -> None:
    write(tmp_path, FULL.replace("count:", "cuont:"), "recipes/deep/x.yaml")
    for name in ("recipes/deep/x.yaml", "./recipes/deep/x.yaml", str(tmp_path / "recipes/deep/x.yaml")):
        with pytest.raises(RecipeError) as caught:
            load_recipe(name, environ={}, cwd=tmp_path)
        assert caught.value.place == Place(name, 13)
