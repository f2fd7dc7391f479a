"""`classifier`: a student of labelled rows must agree with the record's label. It asks no model and costs nothing.

Logistic regression on TF-IDF, blended with embeddings and the votes of the nearest rows where `embedder` names one, is
trained once on the base's rows or on those of the file `train`, and first says how often it is right on rows held out.
A record whose label it gives odds at or below the threshold fails; one whose label it prefers passes; in between it is
unknown. The threshold is set by cross-validation so that the share `harmed` of right labels fails; the odds are
calibrated (`text/classifier.py`). Below `floor`, or no better than the most frequent label, it refuses to judge: all is
unknown. On AG News (2,000 rows learned, 2,000 with a fifth of the labels changed) it finds 0.78 of the changed ones,
0.87 with vectors of minilm, and fails 0.04 of the right ones.

What it costs in diversity is said, too: the share of the hard but right rows of the base that would be lost. The fix
is the label it prefers. Not covered: labels that the training rows lack; wrong labels of the training rows themselves.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from datagen_cli.config.checks import CheckOptions, ValidatorFacts
from datagen_cli.constraints.fields import check_fields
from datagen_cli.core.errors import RecipeError
from datagen_cli.core.fields import FieldSpec, joined_text, plain_text
from datagen_cli.core.ports import Context
from datagen_cli.core.record import Record, Slot, Verdict
from datagen_cli.text.classifier import HARMED, VIEWS, Classifier, Judgement, TooFewRows
from datagen_cli.text.linear import require_sklearn


class ClassifierOptions(CheckOptions):
    """Which fields are the text, which the label, and how sure the classifier has to be."""

    text: str | list[str] = Field(description="the field, or fields, that tell the label")
    label: str = Field(min_length=1, description="the field that is judged")
    train: str | None = Field(
        None,
        min_length=1,
        description="a file of labelled rows instead of the base",
        json_schema_extra={"x-path": True},
    )
    embedder: str | None = Field(None, min_length=1, description="also learn from vectors: minilm, or a model's name")
    harmed: float = Field(HARMED, ge=0, le=0.5, description="the share of right labels that may fail")
    floor: float = Field(0.7, ge=0, le=1, description="held-out accuracy below which it refuses to judge")

    @property
    def texts(self) -> list[str]:
        """The fields of the text."""
        return [self.text] if isinstance(self.text, str) else self.text

    def identity(self) -> dict[str, Any]:
        """With an embedder also which views judge: verdicts of fewer are not taken over."""
        return {**super().identity(), **({"views": VIEWS} if self.embedder else {})}


class ClassifierCheck(ValidatorFacts):
    """A classifier trained on labelled rows does not contradict the label."""

    options: ClassVar[type[CheckOptions]] = ClassifierOptions
    finds: ClassVar[tuple[str, ...]] = ("wrong_label",)
    learns: ClassVar[bool] = True

    @classmethod
    def trained_on(cls, options: ClassifierOptions) -> str | None:
        """The file of its rows; None for the base."""
        return options.train

    def __init__(self, options: ClassifierOptions, specs: Mapping[str, FieldSpec]) -> None:
        check_fields(specs, [*options.texts, options.label])
        if options.label in options.texts:
            raise RecipeError("text and label are the same field", hint="the classifier would see the label")
        require_sklearn()
        self._options = options
        self._rows: list[tuple[str, Any]] = []
        self._classifier: Classifier | None = None
        self._refusal = ""
        self._said = ""
        self._once = threading.Lock()

    def learn(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Takes the labelled rows. Raises `RecipeError` when there are none: it trains at the first record."""
        options = self._options
        self._rows = [
            (text, label)
            for row in rows
            if (label := row.get(options.label)) is not None and (text := joined_text(row, options.texts))
        ]
        if not self._rows:
            raise RecipeError(
                "there are no labelled rows to learn from", hint="add a base with the label, or train: FILE"
            )

    async def verify(self, record: Record, slot: Slot, ctx: Context) -> Verdict:
        """See the module's docstring."""
        options = self._options
        label = record.fields.get(options.label)
        judged = await ctx.run_blocking(self._judge, joined_text(record.fields, options.texts), plain_text(label))
        ctx.note(self._said)
        if judged is None:
            return Verdict("unknown", self._refusal)
        evidence = {
            "preferred": judged.preferred,
            "odds": round(judged.preferred_odds, 4),
            "own_odds": round(judged.own_odds, 4),
        }
        if judged.outcome == "pass":
            return Verdict("pass", "", None, evidence)
        detail = (
            f"{options.label}: the classifier prefers {judged.preferred!r} ({judged.preferred_odds:.2f}),"
            f" the record says {plain_text(label)!r} ({judged.own_odds:.2f})"
        )
        if judged.outcome == "unknown":
            return Verdict("unknown", detail, None, evidence)
        known = (value for _, value in self._rows if plain_text(value) == judged.preferred)
        return Verdict("fail", detail, {options.label: next(known)}, evidence)

    def _judge(self, text: str, label: str) -> Judgement | None:
        """The judgement on one text; None where the classifier refuses. The first call trains."""
        with self._once:
            if not self._said:
                self._train()
        if self._classifier is None or self._refusal:
            return None
        return self._classifier.judge([text], [label])[0]

    def _train(self) -> None:
        options, embed = self._options, None
        if options.embedder is not None:
            from datagen_cli.text.embed import open_embedder, vector_cache

            embed = open_embedder(options.embedder, vector_cache()).encode
        made = Classifier(embed=embed, harmed=options.harmed)
        try:
            self._classifier = made.fit(
                [text for text, _ in self._rows], [plain_text(label) for _, label in self._rows]
            )
        except TooFewRows as error:
            self._refusal = self._said = f"classifier: it refuses to judge: {error}"
            return
        held, least = made.held_out, max(options.floor, made.held_out.majority / made.held_out.rows)
        right = f"it is right on {held.accuracy:.3f} of {held.rows:,} labelled rows held out"
        if held.accuracy < options.floor or held.accuracy <= held.majority / held.rows:
            self._refusal = self._said = f"classifier: it refuses to judge: {right}, and {least:.3f} is the least"
            return
        lost = "none is hard" if held.lost is None else f"{held.lost:.0%} of the hard but right ones would be lost"
        self._said = f"classifier: {right}; a label with odds of {made.threshold:.3f} or less fails; {lost}"
