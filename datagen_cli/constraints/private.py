"""`private`: no personal data and no secret may stand in a record: e-mail addresses, telephone and card numbers, keys.

What is looked for are the forms of the measure `safety` (`text/safety_rules.py`). `on_fail: fix`, the default, masks
what is found (`[e-mail address]`), which asks no model; `drop` turns the attempt away. `allow` names forms that may
stand. Forms are found, not meanings: names and streets are not, invented numbers are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import Field, field_validator

from datagen_cli.config.checks import CheckOptions
from datagen_cli.constraints.fields import PASSED, check_fields
from datagen_cli.constraints.keeping import FieldConstraint, Pen
from datagen_cli.core.fields import FieldSpec
from datagen_cli.core.record import Verdict
from datagen_cli.core.registry import suggest
from datagen_cli.text.safety_rules import Rule, digit_rules, has_digits, worded_rules

MOST = 1000
"""Masks in one text."""


def private_rules() -> tuple[Rule, ...]:
    """The forms of secrets and personal data."""
    return tuple(rule for rule in (*worded_rules(), *digit_rules()) if rule.kind in ("secret", "personal"))


class PrivateOptions(CheckOptions):
    """`private` alone looks at every text of a record."""

    allow: list[str] | None = Field(None, description="forms that may stand, such as e-mail address")
    fields: list[str] | None = Field(None, min_length=1, description="the fields looked at; all texts without it")

    @field_validator("allow")
    @classmethod
    def _known(cls, value: list[str] | None) -> list[str] | None:
        known = list(dict.fromkeys(rule.name for rule in private_rules()))
        for name in value or ():
            if name not in known:
                raise ValueError(f"unknown form {name!r}; {suggest(name, known)}; known: {', '.join(known)}")
        return value


class Private(FieldConstraint):
    """A record without personal data and secrets."""

    options: ClassVar[type[CheckOptions]] = PrivateOptions
    short: ClassVar[str | None] = "allow"

    def __init__(self, options: PrivateOptions, specs: Mapping[str, FieldSpec]) -> None:
        check_fields(specs, options.fields or ())
        texts = [name for name, spec in specs.items() if spec.type in ("text", "list", "json")]
        self.fields = tuple(options.fields or texts)
        self._allowed = tuple(options.allow or ())
        self._rules = [rule for rule in private_rules() if rule.name not in self._allowed]

    def describe(self) -> str:
        """`text: no personal data … (e-mail address may stand)`."""
        allowed = f" ({', '.join(self._allowed)} may stand)" if self._allowed else ""
        what = "no personal data such as e-mail addresses or telephone numbers, and no keys or passwords"
        return f"{', '.join(self.fields)}: {what}{allowed}"

    def check(self, fields: Mapping[str, Any]) -> Verdict:
        """Fails with the forms found; the fix is the fields with every find masked. What was found is not repeated."""
        found: dict[str, list[str]] = {}
        fix = {}
        for name in self.fields:
            names: list[str] = []
            masked = self._masked(fields.get(name), names)
            if names:
                found[name], fix[name] = list(dict.fromkeys(names)), masked
        if not found:
            return PASSED
        has = "; ".join(f"{', '.join(forms)} in {name}" for name, forms in found.items())
        said = f"{', '.join(self.fields)}: no personal data and no secrets; it has {has}"
        return Verdict("fail", said, fix)

    def _masked(self, value: Any, names: list[str]) -> Any:
        """The value with every find in its texts masked; the forms found are added to `names`."""
        if isinstance(value, str):
            return self._masked_text(value, names)
        if isinstance(value, list):
            return [self._masked(item, names) for item in value]
        if isinstance(value, Mapping):
            return {key: self._masked(item, names) for key, item in value.items()}
        return value

    def _masked_text(self, text: str, names: list[str]) -> str:
        for rule in self._rules:
            if rule in digit_rules() and not has_digits(text):
                continue
            for _ in range(MOST):
                found = rule.find(text, text.lower())
                if found is None or not found.strip():
                    break
                names.append(rule.name)
                bare = found.strip()
                text = text.replace(bare, f"[{rule.name}]")
        return text

    def keeping(self, item: Any, pen: Pen) -> Iterator[Any]:
        """The text with every find masked."""
        yield self._masked(item, [])

    def breaking(self, item: Any, pen: Pen) -> Iterator[Any]:
        """The text with a made-up address."""
        if isinstance(item, str):
            yield f"{item} Write to sam.{pen.rng.randrange(100, 999)}@mail.invalid."
