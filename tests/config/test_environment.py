"""`.env` and `${NAME}`."""

from __future__ import annotations

from pathlib import Path

import pytest

from datagen_cli.config.environment import read_environment
from datagen_cli.core.errors import RecipeError
from tests.config.recipes import SMALL, load, write


def test_dotenv_adds_to_the_environment_and_never_overrides_it(tmp_path: Path) -> None:
    text = (
        '# keys\nA=1\nexport B = two words  # said\nC=\'single # kept\'\nD="line\\nbreak \\"q\\"" # x\n'
        'E=\nF=a#b\nnot a line\n  G=g\nPATH=/dotenv\nH="two\nlines"\nI=${A}\nDATAGEN_ALLOW_HOSTS=x.org\n'
    )
    write(tmp_path, text, ".env")
    assert read_environment({"PATH": "/real"}, tmp_path) == {
        "PATH": "/real",
        "A": "1",
        "B": "two words",
        "C": "single # kept",
        "D": 'line\nbreak "q"',
        "E": "",
        "F": "a#b",
        "G": "g",
        "H": "two\nlines",
        "I": "${A}",
    }


def test_without_dotenv_or_with_a_folder_of_that_name_the_environment_is_all(tmp_path: Path) -> None:
    assert read_environment({"A": "1"}, tmp_path) == {"A": "1"}
    (tmp_path / ".env").mkdir()
    assert read_environment({"A": "1"}, tmp_path) == {"A": "1"}


def test_a_dotenv_that_is_not_text_says_so(tmp_path: Path) -> None:
    write(tmp_path, b"A=\xff\xfe", ".env")
    with pytest.raises(RecipeError) as caught:
        read_environment({}, tmp_path)
    assert str(caught.value) == ".env: cannot be read as UTF-8 text"


def test_a_dotenv_without_end_or_that_waits_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / ".env").open("wb") as file:
        file.truncate(1 << 29)
    with pytest.raises(RecipeError, match="cannot be read: larger than 1 MB"):
        read_environment({}, tmp_path)
    (tmp_path / ".env").unlink()
    for place in ("/dev/zero", "/proc/kmsg"):
        (tmp_path / ".env").symlink_to(place)
        assert read_environment({"A": "1"}, tmp_path) == {"A": "1"}
        (tmp_path / ".env").unlink()


def test_a_dotenv_that_takes_too_long_to_read_says_so(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=b" + " " * 400_000 + "x\nB=2\n")
    with pytest.raises(RecipeError, match=r"\.env: cannot be read: it takes more than 1 s"):
        read_environment({}, tmp_path)


def test_variables_expand_in_paths_urls_and_model_names_and_nowhere_else(tmp_path: Path) -> None:
    text = SMALL.replace("short notes", "about ${TOPIC}").replace(
        "model: offline",
        "model: {name: 'openai/${M}', base_url: '${URL}/v1'}\nmodels: {coder: '${M}', judge: {name: j}}",
    )
    environ = {"M": "big", "URL": "http://127.0.0.1:1", "DATA": "sub"}
    recipe = load(tmp_path, text + "base: {path: '${DATA}/x.jsonl'}\n", environ=environ)
    model = recipe.models["generator"][0]
    assert (model.name, str(model.base_url), recipe.models["coder"][0].name) == (
        "openai/big",
        "http://127.0.0.1:1/v1",
        "big",
    )
    assert recipe.options.base is not None and recipe.options.base.path == str(tmp_path / "sub/x.jsonl")
    assert recipe.options.description == "about ${TOPIC}"
    assert recipe.source["model"] == {"name": "openai/${M}", "base_url": "${URL}/v1"}
    assert recipe.source["base"] == {"path": "${DATA}/x.jsonl"}


def test_a_variable_may_hold_an_absolute_path(tmp_path: Path) -> None:
    recipe = load(tmp_path, SMALL + "base: {path: '${DATA}/x.jsonl'}\n", environ={"DATA": "/data"})
    assert recipe.options.base is not None and recipe.options.base.path == "/data/x.jsonl"


@pytest.mark.parametrize(
    ("text", "overrides", "message"),
    [
        (
            SMALL + "base: {path: '${DATA}/x.jsonl'}\n",
            [],
            "x.yaml:10: base.path: the environment variable DATA is not set",
        ),
        (SMALL, ["model.base_url=${DATA}"], "--set model.base_url: the environment variable DATA is not set"),
        (SMALL, ["model=${DATA}"], "--set model: the environment variable DATA is not set"),
        (
            SMALL,
            ["models.generator=[a, '${DATA}']"],
            "--set models.generator: models.generator[1]: the environment variable DATA is not set",
        ),
    ],
)
def test_an_unset_variable_is_an_error(tmp_path: Path, text: str, overrides: list[str], message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        load(tmp_path, text, *overrides)
    assert str(caught.value) == message
    assert caught.value.hint == "export DATA=..., or put it into .env in the working folder"
    assert caught.value.exit_code == 2


def test_a_file_cannot_say_where_keys_may_be_sent(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DATAGEN_ALLOW_HOSTS=evil.example\nOPENAI_API_KEY=k\n")
    assert read_environment({}, tmp_path) == {"OPENAI_API_KEY": "k"}
    assert read_environment({"DATAGEN_ALLOW_HOSTS": "mine"}, tmp_path)["DATAGEN_ALLOW_HOSTS"] == "mine"


@pytest.mark.parametrize(
    "name",
    ["AWS_SECRET", "my_token", "API_KEY", "PGPASSWORD", "DB_PWD", "Credentials", "apikeys", "GH_PAT", "SENTRY_DSN",
     "SLACK_WEBHOOK_URL", "AZURE_CONNECTION_STRING", "BASIC_AUTH", "session_cookie", "BLOB_SAS", "AUTHORIZATION"],
)  # fmt: skip
@pytest.mark.parametrize(
    "where",
    ["model={name: 'x/${%s}', base_url: 'http://h/v1'}", "model={name: m, base_url: 'http://${%s}/v1'}",
     "model={name: m, base_url: 'http://h/${%s}/v1?a=b'}", "base.path=${%s}/x.jsonl", "model=${%s}"],
)  # fmt: skip
def test_a_variable_that_looks_secret_stands_in_no_name_address_or_path(name: str, where: str, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="looks secret") as raised:
        load(tmp_path, SMALL, where % name, environ={name: "planted-value"})
    assert "planted" not in f"{raised.value}{raised.value.hint}"
    assert raised.value.exit_code == 2


@pytest.mark.parametrize("name", ["GIT_AUTHOR", "XAUTHORITY", "PATH", "MY_PATH", "PATTERN", "AUTHORS_FOLDER"])
def test_a_variable_of_another_name_does(name: str, tmp_path: Path) -> None:
    model = f"model={{name: 'x/${{{name}}}', base_url: 'http://h/v1'}}"
    assert "x/plain" in str(load(tmp_path, SMALL, model, environ={name: "plain"}).models)


@pytest.mark.parametrize("value", ["postgres://me:planted@db/x", "redis://:planted@db"])
@pytest.mark.parametrize("where", ["model={name: m, base_url: 'http://h/${URL}'}", "base.path=${URL}/x.jsonl"])
def test_a_variable_that_holds_a_password_does_not_expand_either(value: str, where: str, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="holds a password") as raised:
        load(tmp_path, SMALL, where, environ={"URL": value})
    assert "planted" not in f"{raised.value}{raised.value.hint}"


def test_a_variable_that_holds_the_value_of_a_secret_one_does_not_expand_either(tmp_path: Path) -> None:
    environ = {"HOST": "planted-value.evil.example", "MY_KEY": "planted-value"}
    with pytest.raises(RecipeError, match="holds the value of a secret variable"):
        load(tmp_path, SMALL, "model={name: m, base_url: 'http://${HOST}/v1'}", environ=environ)


@pytest.mark.parametrize(
    "where", ["base_url: 'http://h/v1', headers: {X: '${%s}'}", "base_url: 'http://localhost/v1?key=${%s}'"]
)
@pytest.mark.parametrize(("name", "message"), [("HOME", "is sent as a key here"), ("UNSET_KEY", "is not set")])
def test_what_is_sent_has_a_keys_name_and_is_set(where: str, name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=message):
        load(
            tmp_path,
            SMALL,
            f"model={{name: m, {where % name}}}",
            environ={"HOME": "/"},
        )


def test_what_is_written_of_a_recipe_holds_no_header_and_no_query(tmp_path: Path) -> None:
    model = "{name: m, base_url: 'http://h/v1?key=planted&api-version=2', headers: {A: planted, B: 'Bearer ${MY_KEY}'}}"
    recipe = load(tmp_path, SMALL, f"model={model}", environ={"MY_KEY": "planted"})
    assert recipe.source["model"] == {
        "name": "m",
        "base_url": "http://h/v1?key=[secret]&api-version=2",
        "headers": {"A": "[secret]", "B": "Bearer ${MY_KEY}"},
    }
    assert "planted" not in repr(recipe.models) + repr(recipe.options)
    assert [(found.name, found.where, found.sent) for found in recipe.expansions] == [
        ("MY_KEY", "model.headers.B", True)
    ]
    with pytest.raises(RecipeError, match="the value of A was kept out of this file"):
        load(tmp_path, SMALL, "model={name: m, headers: {A: '[secret]'}}")


@pytest.mark.parametrize("value", ["Bearer planted", "[planted]"])
def test_a_message_does_not_repeat_what_stands_where_a_secret_goes(value: str, tmp_path: Path) -> None:
    for where in (f"model.headers={value}", f"model={{name: m, headers: {value}}}", f"model.base_url={value}"):
        with pytest.raises(RecipeError) as raised:
            load(tmp_path, SMALL, where)
        assert "planted" not in f"{raised.value}{raised.value.hint}"
