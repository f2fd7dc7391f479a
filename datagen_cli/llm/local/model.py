"""One loaded model: its weights, its tokenizer, and what the decoding loop has to know about both.

A prompt is a mapping: `messages` go through the chat template of a model that has one, `text` is what every other model
continues. `shorter` may hold the same prompt with fewer examples, most first, for a context in which it has no room;
`examples` says how many there are, for the note about it. Control tokens in a message are broken by a space after their
first sign, so that no text of a base or of a model becomes a turn of the conversation, whatever the tokenizer calls its
tokens.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datagen_cli.core.errors import UsageError
from datagen_cli.llm.chat_template import ChatTemplate, GivenUp
from datagen_cli.llm.parameter_fallback import merged

SCORED, LONGEST_SCORED = 8, 512
"""Texts whose likelihood is told at once, and the most tokens of one."""
CACHE_NAMES = ("cache", "past_key_values")
"""What a model's forward calls its keys and values: from transformers 5.24 on, and before."""


_MARK = re.compile(r"[^\w\s].*[^\w\s]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A causal language model in evaluation mode. `context` is None where the model does not say its length.

    `stop` are the ids that end a text; `notes` is what the user should know of the loading; `forward_names` are the
    parameters that the model's forward takes, `controls` finds the tokens that no message may hold.
    """

    name: str
    model: Any
    tokenizer: Any
    device: Any
    template: ChatTemplate | None
    context: int | None
    stop: tuple[int, ...]
    pad: int
    notes: tuple[str, ...]
    forward_names: frozenset[str]
    controls: re.Pattern[str] | None = None

    @property
    def cache_name(self) -> str:
        """The parameter of forward that takes the keys and values; the older one where it says neither."""
        return next((name for name in CACHE_NAMES if name in self.forward_names), CACHE_NAMES[-1])

    def encode(self, prompt: Mapping[str, Any]) -> list[int]:
        """Token ids of a prompt, at least one."""
        if self.template is not None and prompt.get("messages"):
            return self.encode_chat(prompt["messages"])
        return self.encode_text(str(prompt.get("text") or ""))

    def encode_chat(self, messages: Sequence[Mapping[str, str]]) -> list[int]:
        """Token ids of a conversation, up to where the answer begins.

        A template that knows no system role gets its words in the first user message. Raises `UsageError` when there
        is no template, or it does not take the messages.
        """
        from jinja2 import TemplateError

        if self.template is None:
            raise UsageError(
                f"model local/{self.name}: has no chat template, so it cannot be asked questions",
                hint="name an instruction-tuned model for this role; a model without one can only write"
                " (sampling.correlated)",
            )
        said = [{"role": message["role"], "content": plain(message["content"], self.controls)} for message in messages]
        try:
            try:
                text = self.template.write(said)
            except TemplateError:
                text = self.template.write(merged(said))
        except TemplateError as error:
            raise self._refused(f"refuses the messages: {error}") from error
        except GivenUp as error:
            raise self._refused(f"was stopped: {error}") from error
        return self._ids(text, special=False)

    def encode_text(self, text: str) -> list[int]:
        """Token ids of a text to be continued, with the marks that the tokenizer puts before it, none after it."""
        ids = self._ids(plain(text, self.controls), special=True)
        if ids and ids[-1] in self.stop:
            bare = self._ids(plain(text, self.controls), special=False)
            if not bare or bare[-1] != ids[-1]:
                ids = ids[:-1]
        first = self.tokenizer.bos_token_id
        return ids or [first if first is not None else self.stop[0]]

    def text(self, ids: Sequence[int]) -> str:
        """The text of generated ids, without special tokens."""
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def has_room(self, length: int, max_tokens: int) -> bool:
        """Whether a prompt of `length` tokens leaves room for the reply: for `max_tokens`, or for half the context if
        they are more."""
        return self.context is None or length + min(max_tokens, self.context // 2) <= self.context

    def room(self, length: int, max_tokens: int) -> int:
        """The most tokens that a reply to a prompt of `length` tokens may have; 0 or less for no room."""
        return max_tokens if self.context is None else min(max_tokens, self.context - length)

    def _refused(self, why: str) -> UsageError:
        return UsageError(f"model local/{self.name}: its chat template {why}", hint="name another model for this role")

    def _ids(self, text: str, *, special: bool) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=special, verbose=False)["input_ids"])


def control_tokens(tokenizer: Any) -> re.Pattern[str] | None:
    """What finds the tokens of a tokenizer that steer a conversation, to be used by `plain`; None where it has none."""
    added = getattr(tokenizer, "added_tokens_decoder", {}) or {}
    names = {str(token) for token in getattr(tokenizer, "all_special_tokens", ())}
    names |= {str(getattr(token, "content", token)) for token in added.values()}
    marks = sorted((name for name in names if len(name) > 2 and _MARK.fullmatch(name)), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, marks))) if marks else None


def plain(text: str, controls: re.Pattern[str] | None) -> str:
    """The text as a tokenizer takes it: half a surrogate pair becomes a question mark, control tokens are broken."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    while controls is not None and (broken := controls.sub(_apart, text)) != text:
        text = broken
    return text


def _apart(found: re.Match[str]) -> str:
    return f"{found[0][0]} {found[0][1:]}"


def surprisals(model: LocalModel, texts: Sequence[str]) -> list[float | None]:
    """The mean surprisal of each text's tokens after its first, in nats; its exponential is the perplexity.

    A text of one token has none. Texts are cut at `LONGEST_SCORED` tokens, or at the model's context.
    """
    import torch

    longest = min(LONGEST_SCORED, model.context or LONGEST_SCORED)
    found: list[float | None] = []
    for start in range(0, len(texts), SCORED):
        rows = [model.encode_text(text)[:longest] for text in texts[start : start + SCORED]]
        width = max(map(len, rows))
        ids = torch.tensor([row + [model.pad] * (width - len(row)) for row in rows], device=model.device)
        there = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows], device=model.device)
        with torch.no_grad():
            logits = model.model(input_ids=ids, attention_mask=there).logits[:, :-1].float()
        losses = torch.nn.functional.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none")
        told = there[:, 1:]
        sums, counts = (losses * told).sum(dim=1).tolist(), told.sum(dim=1).tolist()
        found += [total / count if count else None for total, count in zip(sums, counts, strict=True)]
    return found
