"""A model that has answered and goes on with the conversation: it writes the user's next turn and answers that, too.

What follows the answer in JSON, or in a fence, is about a request that nobody made. Only where a turn of the user is
followed by one of the assistant is it such: `Question: is the mood right? No. Corrected: {...}` is a model's own doubt,
and there the last answer counts. Pure functions.
"""

from __future__ import annotations

import re
from dataclasses import replace

from datagen_cli.core.chat import Reply
from datagen_cli.core.pattern import compiled_later

_USER = (
    r"(?:user|human|customer|client|instruction|input|question|query|prompt|request|system|q"
    r"|用户|使用者|问题|人类|ユーザー|質問|사용자|utilisateur|usuario|usuário|utente|benutzer|nutzer|gebruiker|użytkownik"
    r"|kullanıcı|пользователь|користувач|المستخدم|उपयोगकर्ता)"
)
_MODEL = (
    r"(?:assistant|ai|bot|chatbot|model|gpt|response|answer|output|reply|a"
    r"|助手|助理|回答|アシスタント|어시스턴트|assistente|asistente|asystent|asistan|assistent|ассистент|помощник|асистент|المساعد"
    r"|सहायक)"
)
_SIGN = r"[*_#\[(\"' \t]*+"
_SPEAKS = r"(?:[ \t]*+[0-9]{1,3})?[\])\"'*_ \t]*+(?:[:：]|(?=\n))"
_NEXT = compiled_later(rf"(?<=[}}\]`])\s*+(?:{_SIGN}{_USER}{_SPEAKS}|<\|?(?:user|human)\|?>|\[INST\])", re.IGNORECASE)
_OWN = compiled_later(
    rf"(?:\n|\A)[ \t]*+(?:{_SIGN}{_MODEL}{_SPEAKS}|<\|?(?:assistant|model)\|?>)|\[/INST\]", re.IGNORECASE
)


def before_next_turn(text: str) -> str | None:
    """What stands before the turn of a user that a model wrote after its answer, where it answers that, too; None
    where there is none.

    >>> before_next_turn('{"text": "A."}\\n\\nUser: Another one.\\nAssistant: {"text": "B."}')
    '{"text": "A."}'
    >>> before_next_turn('{"text": "A."}\\nQuestion: is it short? No: {"text": "B."}') is None
    True
    """
    found = _NEXT.search(text)
    if found is None or _OWN.search(text, found.end()) is None:
        return None
    return text[: found.start()]


def settled(reply: Reply) -> Reply:
    """A reply in JSON that was cut off in the middle of a conversation which the model made up after its answer, as
    the whole one that it is."""
    if reply.finish_reason == "length" and before_next_turn(reply.text) is not None:
        return replace(reply, finish_reason="stop")
    return reply
