"""`search`: claims of the record are looked up, and passages must not contradict them (DataGen, arXiv 2406.18966).

The extractor model names the claims of the fields and a query for each, the sources give passages, and the judge model
says of every claim: supported, contradicted (with the claim as it should be), or not found. One contradicted claim is a
fail; its correction, put in the claim's place, is the fix. A pass needs every claim supported. All else is unknown: no
claim, no passage that speaks of it, a source that is away or limits the rate. What was found is the evidence. Answers
of sources are kept for 30 days beside the caches of this user, so that no query is asked twice.

Where the models are simulated nothing is contacted: only a corpus of one's own is searched then.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, model_validator

from datagen_cli.config.checks import AskingCost, CheckOptions, ValidatorFacts
from datagen_cli.constraints.fields import check_fields
from datagen_cli.core.chat import Prompt
from datagen_cli.core.digest import digest
from datagen_cli.core.errors import UsageError
from datagen_cli.core.fields import About, FieldSpec, plain_text
from datagen_cli.core.pattern import compiled_later
from datagen_cli.core.ports import Context
from datagen_cli.core.record import Outcome, Record, Slot, Verdict
from datagen_cli.core.registry import load, names
from datagen_cli.core.store import Store
from datagen_cli.core.task import Task
from datagen_cli.prompts.checking import CheckPrompts, read_object, verdict_format
from datagen_cli.prompts.echo import said_by_us
from datagen_cli.prompts.ends import end_after
from datagen_cli.prompts.fences import fence
from datagen_cli.prompts.response_format import strict_format, strict_object
from datagen_cli.prompts.wording import CHECKER
from datagen_cli.retrieval.passage import Passage, SearchFailed
from datagen_cli.text.embed import cache_folder
from datagen_cli.text.tokens import words
from datagen_cli.validators.asking import Unread, ask_twice, ask_verdict

EXTRACTOR, JUDGE = "extractor", "judge"
OUTCOMES: dict[str, Outcome] = {"supported": "pass", "contradicted": "fail", "not_found": "unknown"}
MOST_CLAIMS = 5
CLAIMS_END = end_after(50 * MOST_CLAIMS)
SHOWN_CHARS = 400
FRESH_S = 30 * 86400.0
CACHE = "searches.sqlite"

CLAIMS = """{% if again %}
Your last answer could not be read. Answer with JSON alone, beginning with {"claims":
{% endif %}
Text stands between tags below. Name the statements of fact in it that an encyclopedia could confirm or refute, at most
{{ most }}, the most telling first. Leave out opinions, questions and what is made up on purpose, such as people in a
word problem.

{{ record }}

Answer with one JSON object: "claims", a list of objects with "claim" (the sentence as it stands in the text) and
"query" (a few words to search for). The list is empty where there are none.
"""
VERDICT = """{% if again %}
Your last answer could not be read. Look again and answer in JSON, beginning with {"verdict":
{% endif %}
A claim and passages stand between tags below. Do the passages support the claim, contradict it, or not speak of it?

{{ claim }}

{{ passages }}

Answer with one JSON object: first "verdict", which is "supported", "contradicted" or "not_found", then "correction",
the claim as it should be where it is contradicted, else null, then "reason", one short sentence.
"""
_SENTENCE = compiled_later(r'"claim"\s*:\s*"([^"\\]+?[.!?])(?=[\s"])')
PROMPTS = CheckPrompts(CHECKER, texts={"claims": CLAIMS, "verdict": VERDICT})
_CLAIM = strict_object({"claim": {"type": "string"}, "query": {"type": "string"}})
CLAIMS_FORM = strict_format("claims", {"claims": {"type": "array", "items": _CLAIM, "maxItems": MOST_CLAIMS}})
VERDICT_FORM = verdict_format(
    tuple(OUTCOMES), {"correction": {"type": ["string", "null"]}, "reason": {"type": "string"}}
)


class SearchOptions(CheckOptions):
    """Which fields make claims and where they are looked up."""

    fields: list[str] = Field(min_length=1, description="the fields whose claims are checked")
    sources: list[str] = Field(
        default_factory=lambda: ["wikipedia"], min_length=1, description="wikipedia, duckduckgo, corpus"
    )
    corpus: str | None = Field(
        None, min_length=1, description="file or folder of the source corpus", json_schema_extra={"x-path": True}
    )
    passages: int = Field(5, ge=1, le=50, description="passages read for one claim")

    @model_validator(mode="after")
    def _known_sources(self) -> SearchOptions:
        known = names("retrieval")
        unknown = [name for name in self.sources if name not in known]
        if unknown:
            raise ValueError(f"sources: unknown {', '.join(unknown)}; known: {', '.join(known)}")
        own = any(load("retrieval", name).of_files for name in self.sources)
        if own != (self.corpus is not None):
            raise ValueError("the source corpus and the key corpus go together")
        return self


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement of the record, and what to search for."""

    text: str
    query: str


@dataclass(frozen=True, slots=True)
class JudgedClaim:
    """What became of a claim."""

    claim: Claim
    verdict: str
    reason: str
    correction: str | None = None
    passages: tuple[Passage, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As evidence: passages are cut to `SHOWN_CHARS`."""
        shown = [{**passage.as_json(), "text": passage.text[:SHOWN_CHARS]} for passage in self.passages]
        told = {"claim": self.claim.text, "query": self.claim.query, "verdict": self.verdict, "reason": self.reason}
        return {**told, **({"correction": self.correction} if self.correction else {}), "passages": shown}


class Search(ValidatorFacts):
    """No claim of the record is contradicted by what is found."""

    options: ClassVar[type[CheckOptions]] = SearchOptions
    asks: ClassVar[tuple[str, ...]] = ("claims", "judge")
    finds: ClassVar[tuple[str, ...]] = ("contradicted",)
    short: ClassVar[str | None] = "fields"
    roles: ClassVar[tuple[str, ...]] = (EXTRACTOR, JUDGE)
    prompts: ClassVar[CheckPrompts] = PROMPTS
    finds_answers: ClassVar[bool] = True

    @classmethod
    def cost(cls, options: SearchOptions) -> AskingCost:
        """The claims, then a question a claim."""
        return AskingCost(calls=(1, 2 + MOST_CLAIMS), prompt=(200, 400 + 300 * options.passages), reply=(20, 250))

    @classmethod
    def reads(cls, options: SearchOptions) -> tuple[str, ...]:
        """The fields whose claims are looked up."""
        return tuple(options.fields)

    @classmethod
    def hosts(cls, options: SearchOptions) -> tuple[str, ...]:
        """The hosts of its sources."""
        return tuple(host for name in options.sources if (host := load("retrieval", name).host))

    def __init__(self, options: SearchOptions, specs: Mapping[str, FieldSpec], about: About) -> None:
        check_fields(specs, options.fields)
        self._fields = options.fields
        self._about = about
        self._passages = options.passages
        self._home = cache_folder()
        self._sources = [self._source(name, options) for name in options.sources]
        self._stays_home = False
        self._store: Store | None = None

    def stay_home(self) -> None:
        """Stops the check from contacting its hosts: the models are simulated."""
        self._stays_home = True

    async def verify(self, record: Record, slot: Slot, ctx: Context) -> Verdict:
        """See the module's docstring."""
        claims = await self._claims(record, ctx)
        if isinstance(claims, Unread):
            return claims.verdict("the extractor named no claims that can be read")
        if not claims:
            return Verdict("unknown", "no statement that could be looked up", None, {"claims": []})
        found = [await self._judged(claim, ctx) for claim in claims]
        unread = [item for item in found if isinstance(item, Unread)]
        if len(unread) == len(found):
            return Unread.of_all(unread).verdict("the judge gave no verdict")
        told = [item for item in found if isinstance(item, JudgedClaim)]
        evidence = {"claims": [item.as_json() for item in told]}
        wrong = [item for item in told if item.verdict == "contradicted"]
        if wrong:
            detail = f"contradicted: {wrong[0].claim.text} ({wrong[0].reason})"
            return Verdict("fail", detail, self._fix(record, wrong), evidence)
        if len(told) == len(found) and all(item.verdict == "supported" for item in told):
            return Verdict("pass", "", None, evidence)
        open_ = [item for item in told if item.verdict != "supported"]
        detail = f"not confirmed: {open_[0].claim.text} ({open_[0].reason})" if open_ else "the judge gave no verdict"
        return Verdict("unknown", detail, None, evidence)

    def _source(self, name: str, options: SearchOptions) -> Any:
        shelf = load("retrieval", name)
        return shelf(Path(options.corpus or ""), words, self._home) if shelf.of_files else shelf()

    async def _claims(self, record: Record, ctx: Context) -> list[Claim] | Unread:
        """What the record states, at most `MOST_CLAIMS`; of a reply that is cut off, the claims before the cut, or the
        first sentence of the one that is cut: a small model goes on and on within one."""
        shown = {name: record.fields.get(name) for name in self._fields}
        texts = " ".join(plain_text(text) for text in shown.values())

        def prompt(again: bool) -> Prompt:
            messages = PROMPTS.messages("claims", record=fence("record", [shown]), most=MOST_CLAIMS, again=again)
            return Prompt(messages, Task("claims", self._about, record=shown))

        def read(_: Prompt, text: str, cut: bool) -> list[Claim] | None:
            value = (read_object(text, "claims") or {}).get("claims")
            if cut and not value:
                value = [{"claim": sentence} for sentence in _SENTENCE.findall(text)[:1]]
            if not isinstance(value, list) or (cut and not value):
                return None
            named = (_claim(item, texts) for item in value[:MOST_CLAIMS])
            return list({claim.text: claim for claim in named if claim is not None}.values())

        return await ask_twice(ctx, EXTRACTOR, prompt, read, purpose="claims", form=CLAIMS_FORM, end=CLAIMS_END)

    async def _judged(self, claim: Claim, ctx: Context) -> JudgedClaim | Unread:
        """Passages for a claim, and what the judge reads in them."""
        passages, problems = await self._look_up(claim.query)
        if not passages:
            return JudgedClaim(claim, "unknown" if problems else "not_found", problems or "nothing was found")
        shown = [{"title": passage.title, "text": passage.text} for passage in passages]

        def prompt(again: bool) -> Prompt:
            fences = {"claim": fence("claim", [claim.text]), "passages": fence("passages", shown)}
            task = Task("judge", self._about, statement=claim.text, more={"passages": shown})
            return Prompt(PROMPTS.messages("verdict", **fences, again=again), task)

        said = await ask_verdict(ctx, JUDGE, prompt, purpose="judge", known=tuple(OUTCOMES), form=VERDICT_FORM)
        if isinstance(said, Unread):
            return said
        correction = said.get("correction")
        return JudgedClaim(
            claim,
            said["verdict"],
            str(said.get("reason") or "")[:SHOWN_CHARS],
            correction.strip() if isinstance(correction, str) and correction.strip() else None,
            passages,
        )

    async def _look_up(self, query: str) -> tuple[tuple[Passage, ...], str]:
        """The nearest passages of all sources in turn, and why sources that gave none could not."""
        asked = [source for source in self._sources if not (self._stays_home and source.host)]
        answers = await asyncio.gather(*(self._ask(source, query) for source in asked))
        problems = [answer for answer in answers if isinstance(answer, str)]
        problems += ["no source is asked in a simulated run"] * (not asked)
        lists = [list(answer) for answer in answers if not isinstance(answer, str)]
        longest = max(map(len, lists), default=0)
        mixed = [found[place] for place in range(longest) for found in lists if place < len(found)]
        return tuple(mixed[: self._passages]), "; ".join(problems)

    async def _ask(self, source: Any, query: str) -> Sequence[Passage] | str:
        """What one source finds, from the cache where it was asked lately; the reason where it failed."""
        key = digest(source.name, getattr(source, "digest", ""), query, self._passages, length=32)
        store = self._open_store() if source.host else None
        if store is not None and (kept := _kept(store, key)) is not None:
            return kept
        try:
            found = await source.find(query, self._passages)
        except SearchFailed as failed:
            return f"{source.name}: {failed}"
        if store is not None:
            told = {"at": time.time(), "passages": [passage.as_json() for passage in found]}
            with suppress(UsageError):  # no room for it, or held by another process: the next run asks again
                await store.put(key, json.dumps(told).encode())
        return list(found)

    def _open_store(self) -> Store | None:
        """Where answers of hosts are kept; None where this user has no folder for caches, or none that can be used."""
        if self._store is None and self._home is not None:
            try:
                self._store = Store(self._home / CACHE)
            except UsageError:
                self._home = None
        return self._store

    def _fix(self, record: Record, wrong: Sequence[JudgedClaim]) -> dict[str, Any] | None:
        """The fields with every contradicted claim replaced by its correction; None where one cannot be."""
        fields = {name: record.fields.get(name) for name in self._fields}
        for item in wrong:
            place = next(
                (name for name, text in fields.items() if isinstance(text, str) and item.claim.text in text), None
            )
            if item.correction is None or place is None:
                return None
            fields[place] = str(fields[place]).replace(item.claim.text, item.correction)
        changed = {name: text for name, text in fields.items() if text != record.fields.get(name)}
        return changed or None


def _kept(store: Store, key: str) -> list[Passage] | None:
    """What was found under a key lately."""
    try:
        told = json.loads(store.get(key) or b"null")
        if told is None or not 0 <= time.time() - told["at"] <= FRESH_S:  # a clock that was wrong keeps none for ever
            return None
        return [Passage(**passage) for passage in told["passages"]]
    except (ValueError, TypeError, KeyError, RecursionError, UsageError):
        return None


def _claim(item: Any, texts: str) -> Claim | None:
    """A claim with its query, which is the claim itself where none came or one of our own words; what is no text, or
    stands nowhere in the record's words but in ours, is none."""
    claim, query = (item.get("claim"), item.get("query")) if isinstance(item, dict) else (None, None)
    if not isinstance(claim, str) or not claim.strip():
        return None
    claim = " ".join(claim.split())
    known = set(words(texts.lower()))
    own = words(claim.lower())
    if sum(word in known for word in own) < len(own) / 2 or said_by_us(claim, PROMPTS.texts.values()):
        return None
    asked = " ".join(query.split()) if isinstance(query, str) else ""
    return Claim(claim, asked if asked and not said_by_us(asked, PROMPTS.texts.values()) else claim)
