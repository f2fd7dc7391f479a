"""From a name to a model: what is looked at before anything is loaded, and clear words about what is not there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from datagen_cli.core.errors import MissingExtra, ProviderError, UsageError
from datagen_cli.llm.local.weights import check_model, open_model, weights_digest
from tests.llm.local.tiny import CHAT, save_model

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("saved"), "llama", chat=CHAT)


@pytest.fixture
def copied(saved: Path, tmp_path: Path) -> Path:
    """A copy to break."""
    return Path(shutil.copytree(saved, tmp_path / "copy"))


@pytest.fixture(autouse=True)
def _no_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


def test_a_look_tells_template_and_context_without_loading(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import transformers

    monkeypatch.delattr(transformers.AutoModelForCausalLM, "from_pretrained")
    facts = check_model(str(saved))
    assert (facts.folder, facts.has_chat_template, facts.context) == (saved, True, 256)
    assert check_model(str(save_model(saved / "inner", "gpt2"))).has_chat_template is False


def test_an_open_model_knows_its_ends_and_its_prompts(saved: Path) -> None:
    model = open_model(str(saved), device="cpu")
    assert model.model.dtype == torch.float32
    assert (model.stop, model.pad, model.context, model.notes) == ((0,), 1, 256, ())
    assert not model.model.training
    assert model.encode({"text": "ab"}) == [3, 4]
    assert model.text([3, 4, 0]) == "ab"
    chat = {"messages": [{"role": "user", "content": "ab"}], "text": "x"}
    assert model.text(model.encode(chat)) == model.text(model.encode({"text": "<user>ab<assistant>"}))
    assert model.encode({"text": ""}) == [0]
    assert model.count_tokens({"text": "a" * 200}) == 200
    assert model.fits({"text": "a" * 128}, 5000)
    assert not model.fits({"text": "a" * 129}, 5000)
    assert model.fits({"text": "a" * 200}, 56)
    assert open_model(str(saved), device="cpu", dtype="bfloat16").model.dtype == torch.bfloat16


def test_every_end_of_text_that_the_settings_name_ends_a_text(copied: Path) -> None:
    (copied / "generation_config.json").write_text(json.dumps({"eos_token_id": [9, 7]}))
    assert open_model(str(copied), device="cpu").stop == (9, 7, 0)


def test_a_template_without_a_system_role_gets_its_words_from_the_user(tmp_path: Path) -> None:
    strict = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}" + CHAT
    model = open_model(str(save_model(tmp_path / "m", chat=strict)), device="cpu")
    found = model.encode_chat([{"role": "system", "content": "be"}, {"role": "user", "content": "ab"}])
    assert found == model.encode_chat([{"role": "user", "content": "be\n\nab"}])
    never = open_model(str(save_model(tmp_path / "n", chat="{{ raise_exception('never') }}")), device="cpu")
    with pytest.raises(UsageError, match="refuses the messages: never"):
        never.encode_chat([{"role": "user", "content": "ab"}])


def test_a_missing_padding_token_is_said_and_a_missing_end_refused(tmp_path: Path) -> None:
    model = open_model(str(save_model(tmp_path / "m", pad=False)), device="cpu")
    assert model.pad == 0
    assert "no padding token" in model.notes[0]
    folder = save_model(tmp_path / "n", pad=False)
    for name in ("config.json", "generation_config.json", "tokenizer_config.json"):
        settings = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps({**settings, "eos_token_id": None, "eos_token": None}))
    with pytest.raises(UsageError, match="neither an end-of-text nor a padding token"):
        open_model(str(folder), device="cpu")


def _remove(*patterns: str) -> Callable[[Path], None]:
    def remove(folder: Path) -> None:
        for pattern in patterns:
            for path in folder.glob(pattern):
                path.unlink()

    return remove


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_remove("config.json"), "holds no model: config.json is missing"),
        (_remove("*.safetensors"), "holds no weights in a .safetensors file"),
        (_remove("tokenizer*"), "holds no tokenizer"),
        (lambda folder: (folder / "config.json").write_text("{"), "config.json cannot be read"),
        (shutil.rmtree, "neither a folder|no such folder"),
        (lambda folder: (shutil.rmtree(folder), folder.write_text("x")), "is a file"),
    ],
)
def test_a_path_that_holds_no_model_is_refused_at_a_look(
    copied: Path, damage: Callable[[Path], object], words: str
) -> None:
    damage(copied)
    with pytest.raises(UsageError, match=words) as caught:
        check_model(str(copied))
    assert caught.value.hint
    with pytest.raises(UsageError):
        open_model(str(copied))


def test_weights_that_cannot_be_read_are_an_error_of_one_line(copied: Path) -> None:
    (copied / "model.safetensors").write_bytes(b"\x08\x00\x00\x00\x00\x00\x00\x00nothing!")
    with pytest.raises(ProviderError, match="cannot be loaded") as caught:
        open_model(str(copied), device="cpu")
    assert "\n" not in caught.value.message


def test_code_of_the_model_is_never_run(copied: Path) -> None:
    config = json.loads((copied / "config.json").read_text())
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.C", "AutoModelForCausalLM": "own.M"}}
    (copied / "config.json").write_text(json.dumps(config))
    (copied / "own.py").write_text("raise SystemExit('ran')")
    with pytest.raises(ProviderError, match="cannot be loaded"):
        open_model(str(copied), device="cpu")


@pytest.mark.parametrize("device", ["cuda:99", "toaster", "xpu"])
def test_a_device_that_is_not_there_is_refused(saved: Path, device: str) -> None:
    with pytest.raises(UsageError, match=f"no device '{device}'"):
        open_model(str(saved), device=device)


def test_a_hub_id_is_looked_for_in_the_cache_only_and_downloaded_when_opened() -> None:
    facts = check_model("someone/some-model")
    assert (facts.folder, facts.has_chat_template, facts.context) == (None, None, None)
    with pytest.raises(ProviderError, match="not in the hub cache of this machine, and cannot be downloaded") as caught:
        open_model("someone/some-model")
    assert "\n" not in caught.value.message
    for name in ("a/b/c", "./nothing", "what is this"):
        with pytest.raises(UsageError, match="no such folder"):
            check_model(name)


def test_missing_packages_are_named_with_their_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="needs torch") as caught:
        check_model("someone/some-model")
    assert "datagen-cli[local]" in caught.value.hint


def test_the_digest_of_a_folder_changes_with_its_weights(copied: Path) -> None:
    before = weights_digest(str(copied))
    assert before == weights_digest(str(copied))
    data = bytearray((copied / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (copied / "model.safetensors").write_bytes(data)
    assert weights_digest(str(copied)) != before
    assert weights_digest("someone/some-model") is None
