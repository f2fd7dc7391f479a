"""The chat template in a GGUF file: found whatever stands around it, refused where it runs or grows without end."""

from __future__ import annotations

import asyncio
import struct
import time
from pathlib import Path

import pytest

from datagen_cli.config.models import ModelOptions
from datagen_cli.core.errors import ProviderError, UsageError
from datagen_cli.llm.gguf import files as gguf_files
from datagen_cli.llm.gguf import server
from datagen_cli.llm.gguf.files import chat_templates, licence
from datagen_cli.llm.gguf.provider import Gguf
from datagen_cli.llm.gguf.server import LlamaServer, ServerSettings
from datagen_cli.llm.local.provider import Local
from tests.llm.gguf.heads import TEMPLATE, head, pair, text, texts, with_template
from tests.llm.local.test_chat_template import ENDLESS
from tests.real_model import needs_smollm2

HUGE = struct.pack("<Q", 2**63)
BEFORE = (
    pair(b"a", 0, b"\x01"), pair(b"b", 6, struct.pack("<f", 1.5)), pair(b"c", 12, bytes(8)), pair(b"d", 7, b"\x01"),
    pair(b"e", 8, text(b"x")), pair(b"f", 9, texts(b"one", b"", b"three")),
    pair(b"g", 9, struct.pack("<IQ", 4, 3) + bytes(12)),
)  # fmt: skip
LYING = {
    "a text longer than the file": pair(TEMPLATE, 8, HUGE), "a key longer than the file": HUGE,
    "a list of more texts": pair(b"t", 9, struct.pack("<I", 8) + HUGE),
    "numbers without end": pair(b"t", 9, struct.pack("<I", 4) + HUGE),
    "a list of lists": pair(b"t", 9, struct.pack("<IQ", 9, 1)), "an unknown type": pair(b"t", 99, b""),
    "texts of a wrong length": pair(b"t", 9, struct.pack("<IQ", 8, 2) + HUGE + HUGE),
}  # fmt: skip


@pytest.mark.parametrize(
    ("content", "stated"),
    [
        (head(pair(b"general.license", 8, text(b"apache-2.0"))), "apache-2.0"),
        (head(*BEFORE, pair(b"general.license", 8, text(b" my\nown | terms "))), "my own | terms"),
        (head(pair(b"general.license", 8, text(b"x" * 900))), "x" * 200),
        (head(pair(b"general.license", 4, b"abcd")), ""),
        (head(pair(b"general.license.name", 8, text(b"mit"))), ""),
        (head(pair(b"general.license", 8, HUGE)), ""),
        (b"GGUF", ""),
    ],
)
def test_the_licence_is_what_the_head_states(content: bytes, stated: str, tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(content)
    assert licence(tmp_path / "m.gguf") == stated
    model = ModelOptions(name=f"gguf/{tmp_path}/m.gguf")
    assert Gguf.licence(model) == (f"{stated} (its file)" if stated else "")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "model.gguf"


def check(file: Path) -> None:
    pytest.importorskip("xllamacpp")
    Gguf.check(ModelOptions(name=f"gguf/{file}"), "generator", chats=True, to_run=True)


def test_templates_are_found_among_values_of_every_type(file: Path) -> None:
    file.write_bytes(
        head(*BEFORE, pair(TEMPLATE, 8, text(b"{{ 1 }}")), pair(TEMPLATE + b".tool_use", 8, text(b"{{ 2 }}")))
    )
    assert chat_templates(file) == ["{{ 1 }}", "{{ 2 }}"]
    file.write_bytes(head(*BEFORE))
    assert chat_templates(file) == []
    file.write_bytes(head(pair(TEMPLATE, 8, text(b"{{ 1 }}")), version=9))
    assert chat_templates(file) == []  # llama.cpp says what it thinks of it


@pytest.mark.parametrize("what", LYING)
def test_a_head_that_lies_is_refused(what: str, file: Path) -> None:
    file.write_bytes(head(*BEFORE, LYING[what]))
    with pytest.raises(UsageError, match="its head is damaged: "):
        check(file)
    pytest.importorskip("transformers")
    with pytest.raises(UsageError, match=r"model local/.*: its head is damaged: "):
        Local.check(ModelOptions(name=f"local/{file}"), "generator", chats=False, to_run=False)


def test_a_head_without_end_is_given_up_soon(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gguf_files, "MOST_HEAD_BYTES", 100_000)
    with file.open("wb") as out:
        out.write(head(count=2**63))
        out.truncate(1 << 29)
    began = time.process_time()
    with pytest.raises(ValueError, match="ends beyond the file, or beyond 64 MB"):
        chat_templates(file)
    assert time.process_time() - began < 2


@pytest.mark.parametrize("key", [TEMPLATE, TEMPLATE + b".tool_use"])
@pytest.mark.parametrize("what", ["doubling", "recursion", "a product"])
def test_a_template_without_end_is_refused_before_the_weights_are_read(what: str, key: bytes, file: Path) -> None:
    file.write_bytes(head(*BEFORE, pair(key, 8, text(ENDLESS[what].encode()))))
    with pytest.raises(UsageError, match=r"model\.gguf: its chat template was stopped: it"):
        check(file)


@pytest.mark.slow
async def test_a_template_that_runs_away_in_use_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs_smollm2("xllamacpp")
    from datagen_cli.llm.gguf.files import smollm2_file

    source = smollm2_file()
    assert source is not None
    said = "{% set m = messages[0].content %}{% if m == 'grow' %}" + ENDLESS["doubling"]
    said += "{% elif m == 'go' %}" + ENDLESS["loops"] + "{% endif %}{{ m }}"
    file = with_template(source, tmp_path / "model.gguf", said.encode())
    check(file)
    running = LlamaServer(ServerSettings(file, "model", 1, 512, 1))
    try:
        await running.start()
        assert running._process is not None
        for word in ("stay", "grow", "stay"):
            await running.try_template({"messages": [{"role": "user", "content": word}]})
        most = next(
            line for line in Path(f"/proc/{running._process.pid}/status").read_text().splitlines() if "VmHWM" in line
        )
        assert int(most.split()[1]) < 1_600_000  # kB: a gigabyte beyond what the model takes
        monkeypatch.setattr(server, "TEMPLATE_S", 0.5)
        with pytest.raises(ProviderError, match=r"its chat template was stopped: it takes more than 0\.5 s"):
            await running.try_template({"messages": [{"role": "user", "content": "go"}]})
        assert running._process is None
    finally:
        await running.close()


async def test_a_template_is_held_to_its_own_time_and_not_to_that_of_a_busy_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slowly(said: object) -> None:
        await asyncio.sleep(0.05)

    async def never(said: object) -> None:
        await asyncio.Event().wait()

    running = LlamaServer(ServerSettings(tmp_path / "m.gguf", "m", 1, 512, 1))
    used = iter((0.0, 0.1, 9.0, 40.0))
    monkeypatch.setattr(server, "TEMPLATE_S", 0.01)
    monkeypatch.setattr(server, "STARVED", 1e9)
    monkeypatch.setattr(running, "_cpu_s", lambda: 1.0)
    monkeypatch.setattr(running, "_write_by_template", slowly)
    await running.try_template({"messages": []})
    monkeypatch.setattr(running, "_cpu_s", lambda: next(used))
    monkeypatch.setattr(running, "_write_by_template", never)
    with pytest.raises(ProviderError, match="its chat template was stopped"):
        await running.try_template({"messages": []})


async def test_a_model_that_loads_on_a_busy_machine_is_waited_for_and_one_that_never_does_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A minute by the clock is seconds of work where other programs hold the cores."""
    child, file = tmp_path / "child.py", tmp_path / "m.gguf"
    child.write_text("import json, time; time.sleep(0.5); print(json.dumps({'url': 'http://127.0.0.1:9'})); input()")
    file.write_bytes(b"")
    monkeypatch.setattr(server, "CHILD", child)
    monkeypatch.setattr(server, "START_S", 0.01)
    monkeypatch.setattr(server, "LOADS_STARVED", 1e9)
    monkeypatch.setattr(LlamaServer, "_cpu_s", lambda self: 1.0)
    running = LlamaServer(ServerSettings(file, "m", 1, 512, 1))
    try:
        assert await running.start() == "http://127.0.0.1:9"
    finally:
        await running.close()
    used = iter((0.0, 0.1, 9.0))
    monkeypatch.setattr(LlamaServer, "_cpu_s", lambda self: next(used))
    running = LlamaServer(ServerSettings(file, "m", 1, 512, 1))
    try:
        with pytest.raises(ProviderError, match="was not loaded within 0 s"):
            await running.start()
    finally:
        await running.close()
