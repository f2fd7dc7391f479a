"""`search`: claims of the record are looked up. Options only: the check is not built yet."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from datagen_cli.config.checks import CheckOptions, ValidatorFacts


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
        known = ("wikipedia", "duckduckgo", "corpus")
        unknown = [name for name in self.sources if name not in known]
        if unknown:
            raise ValueError(f"sources: unknown {', '.join(unknown)}; known: {', '.join(known)}")
        if ("corpus" in self.sources) != (self.corpus is not None):
            raise ValueError("the source corpus and the key corpus go together")
        return self


class Search(ValidatorFacts):
    """No claim of the record is contradicted by what is found."""

    options: ClassVar[type[CheckOptions]] = SearchOptions
    built: ClassVar[bool] = False
    finds_answers: ClassVar[bool] = True
    short: ClassVar[str | None] = "fields"

    @classmethod
    def reads(cls, options: SearchOptions) -> tuple[str, ...]:
        """The fields whose claims are looked up."""
        return tuple(options.fields)
