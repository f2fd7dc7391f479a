"""Named things and amounts of an English text, by rules alone: offline, the same everywhere, about 0.1 ms a text.

Types: person, place, organisation, name (capitalised, type unknown), date, time, money, percent, number. Amounts are
patterns. A name is a run of up to four capitalised words, joined by `of`, `de`, `van` and the like, not counting
function words at its start. A single capitalised word that opens a sentence counts only when it is a known first name
or place or is written in capitals. A longer stretch of capitals is taken for a headline: only first names, titles,
places and capitals are picked from it. Types come from short lists (`gazetteer.yaml`), titles and endings.

What this is not: a trained recogniser. It misses names in scripts without capitals and in lower-case text, takes some
capitalised nouns for names, and German nouns all. It is meant for comparing sets of like texts, where its mistakes are
the same on both sides; its numbers are not those of spaCy or any other recogniser.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path

from datagen_cli.core.pattern import PatternFile

Entity = tuple[str, str]
"""Type and string."""

TYPES = ("person", "place", "organisation", "name", "date", "time", "money", "percent", "number")
RULES = 2
"""Version of these rules, for signatures."""
LONGEST_NAME = 4
_LISTS = PatternFile(Path(__file__).with_name("gazetteer.yaml"))
_BEFORE_PLACES = ("Lake", "Mount", "Port", "Fort", "San", "Santa", "Saint", "St.")

_UPPER = "".join(chr(code) for code in range(0x530) if chr(code).isupper())
_TITLED = r"(?:Mr|Mrs|Ms|Dr|Sen|Gen|Gov|Rep|Prof|Sgt|Lt|Col|Capt|Rev|St)\."
_CAPITAL = rf"(?:{_TITLED}|(?:[{_UPPER}]\.){{2,}}|[{_UPPER}]\.(?=\s[{_UPPER}])|[{_UPPER}]\w*(?:[-’'&]\w+)*)"
_INSIDE = ("of", "de", "da", "del", "van", "von", "der", "den", "bin", "ibn", "al", "la", "le", "du", "di", "&")
_JOINT = rf"(?: (?:in|to|for|on|a|an|the|and|with|at|by|from|over|as|{'|'.join(_INSIDE)})){{0,2}}"
_STRETCH = re.compile(rf"\b(?=[{_UPPER}]){_CAPITAL}(?:{_JOINT} {{1,2}}{_CAPITAL})*")
_OPENS = frozenset('.!?:;"“”«(•\n-–—|*>[')
_MARKUP = re.compile(r"&?#39;|&?(?:#\d+|quot|amp|lt|gt|nbsp);|<[^<>]{1,200}>|https?://\S+|\\")

_NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"
_SCALE = r"(?: ?(?:thousand|million|billion|trillion|mln|bn|m|k)\b)?"
_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)\b\.?)"
)
_DAY = r"(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)"
_AMOUNT = re.compile(
    rf"(?=[-\d$€£¥₹A-Z])(?:(?P<money>(?:US|A|C|NZ|HK)?[$€£¥₹] ?(?:US|NZ)?{_NUMBER}{_SCALE}"
    rf"|(?<![\w.,]){_NUMBER}{_SCALE} (?:US )?(?:dollars?|euros?|pounds?|yen|rupees?|cents?|USD|EUR|GBP)\b)"
    rf"|(?P<percent>(?<![\w.,]){_NUMBER} ?(?:%|percent\b|per cent\b))"
    r"|(?P<time>(?<![\w.,:])\d{1,2}:\d{2}(?::\d{2})?(?: ?[aApP]\.?[mM]\b\.?)?|(?<![\w.,])\d{1,2} ?[aApP]\.?[mM]\b\.?)"
    rf"|(?P<date>(?<!\w)(?:\d{{1,2}}(?:st|nd|rd|th)? {_MONTH}(?:,? \d{{4}})?\b"
    rf"|(?!May\b(?! \d)){_MONTH}(?: \d{{1,2}}(?:st|nd|rd|th)?\b)?(?:,? \d{{4}}\b)?(?!\w)|{_DAY}s?\b"
    r"|\d{4}-\d{2}-\d{2}\b|\d{1,2}/\d{1,2}/\d{2,4}\b|(?:1[5-9]|20)\d{2}s?\b(?![,.]?\d)))"
    rf"|(?P<number>(?<![\w#.,])-?{_NUMBER}(?:st|nd|rd|th)?(?![\w])))"
)


@cache
def _listed(name: str) -> frozenset[str]:
    """A list of `gazetteer.yaml`."""
    words: str = _LISTS[name]
    return frozenset(words.split(", ") if ", " in words else words.split())


def find_entities(text: str) -> list[Entity]:
    """The (type, string) of each entity in order; repeats are kept, white space inside is one space."""
    if ";" in text or "<" in text or "\\" in text or "://" in text:
        text = _MARKUP.sub(lambda found: "'" if found[0].endswith("#39;") else " ", text)
    placed: list[tuple[int, Entity]] = []

    def amount(found: re.Match[str]) -> str:
        placed.append((found.start(), (found.lastgroup or "", " ".join(found[0].split()))))
        return "," * len(found[0])

    text = _AMOUNT.sub(amount, text)
    for stretch in _STRETCH.finditer(text):
        start = stretch.start()
        before = text[max(0, start - 4) : start].rstrip(" ")
        opens = start == 0 or (not before and not text[:start].strip()) or before[-1:] in _OPENS
        placed.extend([(start, entity) for entity in _names(stretch[0], opens)])
    placed.sort(key=lambda one: one[0])
    return [entity for _, entity in placed]


@lru_cache(maxsize=1 << 16)
def _names(stretch: str, opens: bool) -> Sequence[Entity]:
    """The names in a stretch of capitalised words with small words between; `opens`: it opens a sentence.

    Most stretches return: the cache halves the time.
    """
    words = stretch.split()
    runs: list[list[str]] = [[]]
    for word in words:
        if word[0].isupper() or word in _INSIDE:
            runs[-1].append(_bare(word))
        elif runs[-1]:
            runs.append([])
    if sum(word[0].isupper() for word in words) > LONGEST_NAME:
        return [entity for run in runs for entity in _sure_names(run)]
    found = []
    for place, run in enumerate(runs):
        trimmed = _trim(run)
        alone = opens and place == 0 and len(trimmed) == len(run) == 1
        if trimmed and (not alone or _known(trimmed[0])) and (entity := _entity(trimmed)):
            found.append(entity)
    return found


def _bare(word: str) -> str:
    """A word without possessive `'s`."""
    return word[:-2] if word.endswith(("'s", "’s")) else word


def _trim(run: Sequence[str]) -> list[str]:
    """A run without function words and joints at its ends."""
    words, small = list(run), _listed("function words")
    while words and (words[0].lower() in small or words[0] in _INSIDE) and not _place_starts(words):
        words.pop(0)
    while words and (words[-1].lower() in small or words[-1] in _INSIDE) and not _is_place(words[-1:]):
        words.pop()
    return words


def _place_starts(words: Sequence[str]) -> bool:
    """Whether a place of one to three words stands first: `US`, `New York`."""
    return any(_is_place(words[:size]) for size in (1, 2, 3))


def _is_place(words: Sequence[str]) -> bool:
    """Whether the words are a known place, `NEW YORK` too."""
    text, places = " ".join(words), _listed("places")
    return text in places or (len(text) > 3 and text.isupper() and text.title() in places)


def _is_acronym(word: str) -> bool:
    letters = word.replace(".", "")
    if not (2 <= len(letters) <= 6 and letters.isalpha() and letters.isupper()):
        return False
    return letters not in _listed("plain capitals")


def _known(word: str) -> bool:
    """Whether one word is a name wherever it stands."""
    known = word in _listed("first names") or _is_place([word]) or _is_acronym(word)
    return known or any(char.isupper() for char in word[2:])


def _entity(words: Sequence[str]) -> Entity | None:
    """A run as an entity; None for what is no name: one letter, a title alone, `TV`."""
    ranks, offices = _listed("titles"), _listed("organisation words")
    if len(words) == 1:
        word = words[0]
        if len(word) < 2 or word.rstrip(".") in ranks or word.lower() in _listed("function words"):
            return None
        if word in _listed("plain capitals") or (len(word) < 4 and word in offices):
            return None
    text = " ".join(words)
    if _is_place(words):
        return "place", text
    titles = 0
    while titles < len(words) - 1 and words[titles].rstrip(".") in ranks:
        titles += 1
    if titles and words[titles] not in _INSIDE:
        return "person", " ".join(words[titles:])
    if offices.intersection(words) or (len(words) == 1 and _is_acronym(text)):
        return "organisation", text
    if words[-1] in _listed("place endings") or words[0] in _BEFORE_PLACES:
        return "place", text
    if words[0] in _listed("first names") and len(words) <= LONGEST_NAME:
        return "person", text
    return "name", text


def _sure_names(run: Sequence[str]) -> list[Entity]:
    """From a headline, where capitals say nothing: places, capitals, first names and titles with the word after."""
    ranks, small = _listed("titles"), _listed("function words")
    found: list[Entity] = []
    at = 0
    while at < len(run):
        size = next((size for size in (3, 2, 1) if _is_place(run[at : at + size])), 0)
        word, after = run[at], run[at + 1 : at + 2]
        if size:
            found.append(("place", " ".join(run[at : at + size])))
        elif word.rstrip(".") in ranks and after and after[0].rstrip(".") not in ranks:
            size = 1
            if after[0].lower() not in small and after[0][0].isupper():
                size = 2
                found.append(("person", after[0]))
        elif word in _listed("first names"):
            named = bool(after) and after[0][0].isupper() and after[0].lower() not in small
            size = 2 if named else 1
            found.append(("person", " ".join(run[at : at + size])))
        elif _is_acronym(word) and word.lower() not in small:
            found.append(("organisation", word))
        at += max(size, 1)
    return found
