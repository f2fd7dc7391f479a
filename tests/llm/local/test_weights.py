"""From a name to a model: what is looked at before anything is loaded, and clear words about what is not there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from datagen_cli.core.errors import MissingExtra, ProviderError, UsageError
from datagen_cli.llm.local import weights
from datagen_cli.llm.local.reading import head_read_once
from datagen_cli.llm.local.settings import weights_digest
from datagen_cli.llm.local.weights import check_device, check_model, open_model
from tests.grids import mostly_slow
from tests.llm.local.tiny import CHAT, save_model, save_tokenizer

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
    assert (facts.folder, facts.has_chat_template) == (saved, True)
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
    assert len(model.encode({"text": "a" * 200})) == 200
    assert model.has_room(128, 5000)
    assert not model.has_room(129, 5000)
    assert model.has_room(200, 56)
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


def test_a_missing_padding_token_is_said(tmp_path: Path) -> None:
    model = open_model(str(save_model(tmp_path / "m", pad=False)), device="cpu")
    assert model.pad == 0
    assert "no padding token" in model.notes[0]


@pytest.mark.parametrize("pad", [True, False])
def test_a_model_without_an_end_of_text_is_refused(tmp_path: Path, pad: bool) -> None:
    folder = save_model(tmp_path / "n", pad=pad)
    for name in ("config.json", "generation_config.json", "tokenizer_config.json"):
        settings = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps({**settings, "eos_token_id": None, "eos_token": None}))
    with pytest.raises(UsageError, match="neither its tokenizer nor its settings name an end-of-text token"):
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
    with pytest.raises(UsageError, match="its weights cannot be loaded: SafetensorError") as caught:
        open_model(str(copied), device="cpu")
    assert "\n" not in caught.value.message


def test_code_of_the_model_is_never_run(copied: Path) -> None:
    config = json.loads((copied / "config.json").read_text())
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.C", "AutoModelForCausalLM": "own.M"}}
    (copied / "config.json").write_text(json.dumps(config))
    (copied / "own.py").write_text("raise SystemExit('ran')")
    with pytest.raises(UsageError, match="cannot be loaded"):
        open_model(str(copied), device="cpu")


@pytest.mark.parametrize("device", ["cuda:99", "toaster", "xpu"])
def test_a_device_that_is_not_there_is_refused(saved: Path, device: str) -> None:
    with pytest.raises(UsageError, match=f"no device '{device}'"):
        open_model(str(saved), device=device)


def test_a_hub_id_is_looked_for_in_the_cache_only_and_downloaded_when_opened() -> None:
    facts = check_model("someone/some-model")
    assert (facts.folder, facts.has_chat_template) == (None, None)
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
    assert "'transformers" in caught.value.hint


def test_the_digest_of_a_folder_changes_with_its_weights(copied: Path) -> None:
    before = weights_digest(str(copied))
    assert before == weights_digest(str(copied))
    data = bytearray((copied / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (copied / "model.safetensors").write_bytes(data)
    assert weights_digest(str(copied)) != before
    assert weights_digest("someone/some-model") is None


def test_the_digest_of_a_folder_changes_with_whatever_decides_the_output(copied: Path) -> None:
    seen = {weights_digest(str(copied))}
    for file in ("chat_template.jinja", "tokenizer.model", "merges.txt"):
        for text in ("a" * 200_000, "a" * 100_000 + "b" + "a" * 99_999):
            (copied / file).write_text(text)
            seen.add(weights_digest(str(copied)))
    assert len(seen) == 7


def test_a_tokenizer_that_cannot_be_read_is_named(copied: Path) -> None:
    (copied / "tokenizer.json").write_text("{}")
    with pytest.raises(UsageError, match=r"its tokenizer cannot be loaded: [A-Z]\w+") as caught:
        open_model(str(copied), device="cpu")
    assert "tokenizer" in caught.value.hint


def _without_a_layer(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    kept = {k: v for k, v in load_file(folder / "model.safetensors").items() if ".layers.1." not in k}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})


def _with_another_size(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "vocab_size": 99}))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_without_a_layer, r"its weights lack model\.layers\.1\.\S+, .* and \d+ more"),
        (_with_another_size, "its weights have another size for .*embed_tokens"),
    ],
)
def test_weights_that_are_not_those_of_the_model_are_refused(
    copied: Path, damage: Callable[[Path], None], words: str
) -> None:
    damage(copied)
    with pytest.raises(UsageError, match=words):
        open_model(str(copied), device="cpu")


@pytest.mark.parametrize("decoder", [False, True])
def test_an_encoder_is_refused_unless_it_was_made_to_write(tmp_path: Path, decoder: bool) -> None:
    from transformers import BertConfig, BertLMHeadModel

    sizes = {"vocab_size": 64, "hidden_size": 16, "intermediate_size": 16, "num_attention_heads": 2}
    BertLMHeadModel(BertConfig(num_hidden_layers=1, is_decoder=decoder, **sizes)).save_pretrained(str(tmp_path))
    save_tokenizer(tmp_path)
    if decoder:
        assert open_model(str(tmp_path), device="cpu").stop == (0,)
        return
    with pytest.raises(UsageError, match="bert is an encoder: it cannot write"):
        open_model(str(tmp_path), device="cpu")


def _sharded(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    places = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))


def test_a_folder_that_lacks_a_file_of_its_weights_is_refused_at_a_look(copied: Path) -> None:
    _sharded(copied)
    with pytest.raises(UsageError, match="1 files are missing, such as model-00002-of-00002"):
        check_model(str(copied))


@pytest.mark.parametrize("damage", [_sharded, _remove("tokenizer*"), _remove("config.json"), None])
def test_a_hub_model_counts_as_cached_when_all_of_it_is_there(
    saved: Path, tmp_path: Path, damage: Callable[[Path], None] | None
) -> None:
    cache = tmp_path / "hub" / "models--someone--some-model"
    commit = "a" * 40
    folder = Path(shutil.copytree(saved, cache / "snapshots" / commit))
    (cache / "refs").mkdir()
    (cache / "refs" / "main").write_text(commit)
    if damage is not None:
        damage(folder)
    assert check_model("someone/some-model").folder == (folder if damage is None else None)


def test_a_device_can_be_checked_before_anything_is_loaded() -> None:
    for device in (None, "cpu"):
        check_device(device)
    for device in ("cpu:0x", "gpu", "cuda:", "cuda:-1", "cuda:99"):
        with pytest.raises(UsageError, match=f"no device '{device}'"):
            check_device(device)


def test_a_download_is_no_model_before_its_last_file(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    there = ["README.md", "config.json", "model.safetensors", "onnx/config.json", "tokenizer.json"]
    fetched: list[str] = []

    def fetch(name: str, file: str) -> str:
        fetched.append(file)
        return shutil.copy(saved / file, tmp_path / file)  # type: ignore[arg-type]

    monkeypatch.setattr(huggingface_hub.HfApi, "list_repo_files", lambda self, name: there)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", fetch)
    assert open_model("someone/some-model", device="cpu").stop == (0,)
    assert fetched == ["model.safetensors", "tokenizer.json", "config.json"]


def test_a_gguf_file_is_a_model_whose_digest_is_that_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "m.gguf"
    file.write_bytes(b"GGUF...")
    assert check_model(str(file)).folder == file
    before = weights_digest(str(file))
    file.write_bytes(b"GGUF....")
    assert weights_digest(str(file)) != before
    with pytest.raises(UsageError, match=r"its tokenizer cannot be loaded"):
        open_model(str(file), device="cpu")
    file.write_bytes(b"no model")
    with pytest.raises(UsageError, match="is no GGUF file"):
        check_model(str(file))
    with pytest.raises(UsageError, match="there is no such file"):
        check_model("nowhere.gguf")


@pytest.mark.parametrize("name", mostly_slow(["config.json", "tokenizer.json"]))
def test_settings_without_end_are_not_read(name: str, tmp_path: Path) -> None:
    with (tmp_path / name).open("wb") as file:
        file.truncate(1 << 29)
    with pytest.raises(UsageError, match=f"{name} cannot be read: larger than 200 MB"):
        weights_digest(str(tmp_path))


def test_a_model_is_loaded_once_while_its_files_stay_as_they_are(copied: Path, saved: Path) -> None:
    first = open_model(str(copied), device="cpu")
    assert open_model(str(copied), device="cpu").model is first.model
    assert open_model(str(copied), device="cpu", dtype="bfloat16").model is not first.model
    first = open_model(str(copied), device="cpu")
    config = copied / "config.json"
    config.write_text(config.read_text() + " ")
    assert open_model(str(copied), device="cpu").model is not first.model
    kept = open_model(str(copied), device="cpu")
    open_model(str(saved), device="cpu")
    assert open_model(str(copied), device="cpu").model is not kept.model


def test_a_model_that_takes_much_memory_is_not_kept(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "MOST_KEPT_BYTES", 100)
    assert open_model(str(copied), device="cpu").model is not open_model(str(copied), device="cpu").model


def test_the_head_of_a_gguf_file_is_read_once(tmp_path: Path) -> None:
    gguf = pytest.importorskip("gguf")
    writer = gguf.GGUFWriter(str(tmp_path / "m.gguf"), "llama")
    writer.add_context_length(8)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    with head_read_once():
        assert gguf.GGUFReader(str(tmp_path / "m.gguf")) is gguf.GGUFReader(str(tmp_path / "m.gguf"))
    assert gguf.GGUFReader(str(tmp_path / "m.gguf")) is not gguf.GGUFReader(str(tmp_path / "m.gguf"))
