"""The call cache: keyed by what was sent and the draw it was sent for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from datagen_cli.core.errors import UsageError
from datagen_cli.llm.cache import CallCache, call_digest, endpoint_key, open_cache
from datagen_cli.llm.provider import RawReply

BODY = b'{"model":"m","messages":[{"role":"user","content":"hi"}],"seed":1}'


async def test_a_reply_comes_back_with_the_request_it_answers(tmp_path: Path) -> None:
    cache = CallCache(tmp_path / "calls.sqlite")
    reply = RawReply("käse\ud83d", "length", 12, None, "m-1")
    await cache.put("d1", reply, BODY)
    assert cache.get("d1") == reply
    found = cache.history("d1")
    assert found is not None
    assert found[0]["messages"] == [{"role": "user", "content": "hi"}]
    assert found[1] == reply
    assert cache.get("d2") is None and cache.history("d2") is None
    cache.close()


@pytest.mark.parametrize(
    "value", [b"", b"nonsense", b"[]", b'{"text": "a"}', b'{"request": {}, "extra": 1}', b"\xff\xfe"]
)
async def test_a_value_that_cannot_be_read_counts_as_missing(tmp_path: Path, value: bytes) -> None:
    cache = CallCache(tmp_path / "calls.sqlite")
    await cache.store.put("d1", value)
    assert cache.get("d1") is None
    cache.close()


def test_everything_that_was_sent_is_part_of_the_key() -> None:
    place = {"kind": "openai", "url": "http://a/v1", "model": "m"}
    state = endpoint_key(place, 7)
    digests = [
        call_digest(state, BODY, "0.1.generate.0"),
        call_digest(state, BODY + b" ", "0.1.generate.0"),
        call_digest(state, BODY, "0.1.generate.1"),
        call_digest(endpoint_key(place, 8), BODY, "0.1.generate.0"),
        call_digest(endpoint_key({**place, "url": "http://b/v1"}, 7), BODY, "0.1.generate.0"),
        call_digest(endpoint_key({**place, "model": "n"}, 7), BODY, "0.1.generate.0"),
    ]
    assert len(set(digests)) == 6
    assert digests[0] == call_digest(endpoint_key(place, 7), BODY, "0.1.generate.0")


def test_the_choices_of_the_command_line(tmp_path: Path) -> None:
    assert open_cache("off", tmp_path) is None
    run, named, folder = (
        open_cache("run", tmp_path),
        open_cache(str(tmp_path / "x.db"), tmp_path),
        open_cache(str(tmp_path), Path("/nowhere")),
    )
    assert [cache.store.path.name for cache in (run, named, folder) if cache] == [
        "calls.sqlite",
        "x.db",
        "calls.sqlite",
    ]
    for cache in (run, named, folder):
        assert cache is not None
        cache.close()


def test_a_pipe_is_not_waited_for_and_a_link_to_itself_is_no_cache(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="--cache: cannot be read"):
        open_cache(str(tmp_path / "pipe"), tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UsageError, match="cannot be written"):
        open_cache(str(tmp_path / "loop"), tmp_path)
