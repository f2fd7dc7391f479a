"""A model that does whatever it is told where instructions stand: outside fences, in the system message and in the last
message of the user. It reads messages only, so that data which leaks out of its fence, or out of its turn, shows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from datagen_cli.core.chat import Message

_FENCE = re.compile(r"^<([\w-]+)>\n.*?^</\1>$", re.DOTALL | re.MULTILINE)
_ORDER = re.compile(r"\b(?:say|answer|reply with|print|write|output)\W+(PWNED-\w+)", re.IGNORECASE)
_CONTROL = re.compile(r"<\|im_(?:start|end)\|>|\[/?INST\]|<(?:start|end)_of_turn>|<\|eot_id\|>|<</?SYS>>")


def obeyed(messages: Sequence[Message]) -> list[str]:
    """The words that the model says because somebody told it to, in order; control tokens of chat templates open a turn
    of the system, wherever they stand."""
    told = [message.content for message in messages if message.role == "system"]
    told += [message.content for message in messages if message.role == "user"][-1:]
    whole = [message.content for message in messages if _CONTROL.search(message.content)]
    return _ORDER.findall("\n".join([*(_FENCE.sub("", text) for text in told), *whole]))
