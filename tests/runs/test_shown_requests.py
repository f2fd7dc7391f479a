"""Requests of a call cache that came with a folder: what has another shape is not shown, and breaks nothing."""

from __future__ import annotations

from typing import Any

import pytest

from datagen_cli.runs.history import _can_be_shown

ONE = {"role": "user", "content": "hello"}


@pytest.mark.parametrize(
    "request_",
    [{}, {"messages": [ONE]}, {"completion": "once"}, {"messages": [ONE], "negatives": [{"messages": [ONE, ONE]}]}],
)
def test_messages_are_shown(request_: dict[str, Any]) -> None:
    assert _can_be_shown(request_)


@pytest.mark.parametrize("wrong", ["${HOME}", 1, None, [], {"role": "user"}, {"content": "x"}])
def test_what_is_no_message_is_not(wrong: Any) -> None:
    assert not _can_be_shown({"messages": [ONE, wrong]})
    assert not _can_be_shown({"messages": [ONE], "negatives": [{"messages": [wrong]}]})
    assert not _can_be_shown({"messages": [ONE], "negatives": [wrong]})
    assert wrong == [] or not _can_be_shown({"messages": wrong})
    assert wrong == [] or not _can_be_shown({"messages": [ONE], "negatives": wrong})
