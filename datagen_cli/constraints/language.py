"""`language`: the language a record is written in, by py3langid (offline, 97 languages).

A field whose text has fewer than four words, or of which the detector is not sure, is unknown, never a fail.
Costs about 0.3 ms a text; loading the model takes about 0.1 s, once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, ClassVar

from pydantic import Field

from datagen_cli.config.checks import CheckOptions
from datagen_cli.constraints.fields import PASSED, check_fields, items_of
from datagen_cli.constraints.keeping import FieldConstraint, Pen
from datagen_cli.core.errors import RecipeError
from datagen_cli.core.fields import FieldSpec
from datagen_cli.core.record import Verdict
from datagen_cli.text.tokens import words

MIN_WORDS = 4
SURE = 0.8
NAMES = {
    "en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian", "pt": "Portuguese",
    "nl": "Dutch", "pl": "Polish", "ru": "Russian", "uk": "Ukrainian", "zh": "Chinese", "ja": "Japanese",
    "ko": "Korean", "ar": "Arabic", "hi": "Hindi", "tr": "Turkish", "sv": "Swedish", "cs": "Czech",
}  # fmt: skip

FOREIGN = {
    "de": "Der alte Zug fährt am Morgen langsam durch das stille Tal, und niemand weiß, wann er wiederkommt.",
    "fr": "La vieille horloge de la gare ne sonne plus depuis longtemps, mais personne ne veut la réparer.",
    "es": "El viento de la tarde mueve las hojas del jardín, y los vecinos cuentan historias delante de la casa.",
}


class LanguageOptions(CheckOptions):
    """`language: {is: en}`, or `language: en` for short."""

    language: str = Field(
        alias="is", pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", description="ISO 639 code, such as en"
    )
    field: str | None = Field(None, min_length=1, description="all text fields when left out")


class Language(FieldConstraint):
    """The fields are in the language named."""

    options: ClassVar[type[CheckOptions]] = LanguageOptions
    short: ClassVar[str | None] = "is"

    def __init__(self, options: LanguageOptions, specs: Mapping[str, FieldSpec]) -> None:
        if options.field is not None:
            check_fields(specs, [options.field], ("text", "list"))
        self.code = options.language.partition("-")[0]
        if self.code not in _detector().labels:
            raise RecipeError(
                f"is: no language {options.language!r} is known to the detector",
                hint=f"known: {', '.join(sorted(_detector().labels))}",
            )
        named = [options.field] if options.field else [name for name, spec in specs.items() if spec.type == "text"]
        self.fields = tuple(named)
        self._shown = options.field

    def describe(self) -> str:
        """`question: in English (en)`."""
        name = NAMES.get(self.code)
        where = self._shown or "all text"
        return f"{where}: in {name} ({self.code})" if name else f"{where}: in the language {self.code}"

    def check(self, fields: Mapping[str, Any]) -> Verdict:
        """A fail names the language found; too short or unsure is unknown."""
        unsure = ""
        for name in self.fields:
            for text in items_of(fields.get(name)):
                if not isinstance(text, str) or len(words(text)) < MIN_WORDS:
                    unsure = unsure or f"{name}: too short to tell its language"
                    continue
                found, sure = detect(text)
                if found != self.code and sure >= SURE:
                    return Verdict("fail", f"{name}: in {NAMES.get(self.code, self.code)}; it seems to be {found}")
                if found != self.code:
                    unsure = unsure or f"{name}: cannot tell {self.code} from {found}"
        return Verdict("unknown", unsure) if unsure else PASSED

    def keeping(self, item: Any, pen: Pen) -> Iterator[Any]:
        """Two sentences of the pen's, which writes in the language."""
        if isinstance(item, str):
            yield f"{pen.more()} {pen.more()}"

    def breaking(self, item: Any, pen: Pen) -> Iterator[Any]:
        """A text in another language."""
        if isinstance(item, str):
            yield from pen.rng.sample([text for code, text in FOREIGN.items() if code != self.code], 2)


def detect(text: str) -> tuple[str, float]:
    """ISO 639 code of the likeliest language and its probability, 0 to 1."""
    found, sure = _detector().classify(text)
    return str(found), float(sure)


@lru_cache(maxsize=1)
def _detector() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
