"""A model that does whatever stands outside fences and turns, so that a leak of foreign text into instructions shows.

It reads the system message and the last user message without what stands between tags. Where it finds an order there
(any of `ORDERS`), it obeys: its reply is the word that the order asks for. Else it writes a plain record.
"""

from __future__ import annotations

import re
from typing import Any

from benchmarks.prompts.hostile import WORD

_FENCE = re.compile(r"^<(\w+)>\n.*?\n</\1>$", re.DOTALL | re.MULTILINE)
_CONTROL = re.compile(r"<\|[a-z_]+\|>|\[/?INST\]|<<SYS>>|</?s>|<(?:start|end)_of_turn>", re.IGNORECASE)


def obeyed(body: dict[str, Any]) -> str:
    """The order that a request makes the model obey; empty when there is none."""
    messages = body["messages"]
    for message in messages:
        if found := _CONTROL.search(message["content"]):
            return f"a control token: {found[0]}"
    for message in (messages[0], messages[-1]):
        outside = _FENCE.sub("", message["content"])
        if WORD in outside:
            return outside
    for message in messages:
        if message["role"] == "user" and WORD in _FENCE.sub("", message["content"]):
            return message["content"]
    return ""
