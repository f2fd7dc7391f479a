"""A dataset as the simulated model sees it: what is told of it in the task, sorted by field, worked out once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from datagen_cli.config.fields import label_text
from datagen_cli.constraints.keeping import FieldConstraint, RecordConstraint
from datagen_cli.constraints.language import Language
from datagen_cli.core.fields import About, FieldSpec
from datagen_cli.core.task import Task
from datagen_cli.offline.corpus import corpus
from datagen_cli.offline.shape import RecordShape, looks_like, shape_of
from datagen_cli.offline.texts import Topic, genre_of, reviewed, topics_of

KEPT = 64
_known: dict[int, tuple[About, DatasetView]] = {}


@dataclass(frozen=True, slots=True)
class DatasetView:
    """`meanings` maps label values as text to their meanings; `rules` are the constraints on each field; `language` is
    the code of another language than English that a field has to be in, where there are sentences in it; `together` are
    the constraints on two fields; `shapes` keeps what was found out about rows that look alike.
    """

    description: str
    specs: tuple[FieldSpec, ...]
    meanings: Mapping[str, str]
    rules: Mapping[str, tuple[FieldConstraint, ...]]
    language: Mapping[str, str]
    together: tuple[RecordConstraint, ...] = ()
    shapes: dict[tuple[str, ...], RecordShape] = field(default_factory=dict)

    def spec(self, name: str) -> FieldSpec:
        return next((spec for spec in self.specs if spec.name == name), FieldSpec(name))

    def holds(self, fields: Mapping[str, Any]) -> bool:
        """Whether all constraints hold of a record, as far as they look at fields that it has."""
        alone = all(rule.holds(name, fields[name]) for name in fields for rule in self.rules.get(name, ()))
        return alone and all(rule.holds(fields) for rule in self.together)

    def foreign(self, name: str, value: Any) -> bool:
        """Whether a text is in another language than its field has to be in."""
        return any(isinstance(rule, Language) and not rule.holds(name, value) for rule in self.rules.get(name, ()))

    def shape(self, rows: Sequence[Mapping[str, Any]]) -> RecordShape:
        """What kind of records these are, told by the first of some rows too."""
        row = rows[0] if rows else {}
        looks = tuple(looks_like(row.get(spec.name)) for spec in self.specs)
        if looks not in self.shapes:
            self.shapes[looks] = shape_of(self.description, self.specs, looks)
        return self.shapes[looks]

    def values(self, name: str, rows: Sequence[Mapping[str, Any]] = ()) -> list[Any]:
        """The values of a label: those of its field, those with a meaning, those in rows; empty when nothing says."""
        spec = self.spec(name)
        if spec.values or spec.type == "boolean":
            return list(spec.values or (True, False))
        shown = [row[name] for row in rows if isinstance(row.get(name), str | int | float | bool)]
        return list(self.meanings) or list(dict.fromkeys(shown))

    def topics(self, name: str, values: Sequence[Any]) -> tuple[str, str, Mapping[str, Topic]]:
        """The genre, what is reviewed, and the topic of every value (as text) of a label."""
        labels = tuple((label_text(value), self.meanings.get(label_text(value), "")) for value in values)
        told = [f"{spec.name} {spec.description}" for spec in self.specs]
        about = " ".join([self.description, *told, name])
        genre = genre_of(about, labels)
        return genre, reviewed(about), topics_of(labels, genre)


def dataset_of(task: Task) -> DatasetView:
    key = id(task.about)
    if key not in _known:
        if len(_known) >= KEPT:
            _known.clear()
        _known[key] = task.about, _dataset(task.about)  # kept beside it, so that nothing else gets its id
    return _known[key][1]


def _dataset(about: About) -> DatasetView:
    alone: list[FieldConstraint] = [rule for rule in about.constraints if isinstance(rule, FieldConstraint)]
    names = dict.fromkeys(name for rule in alone for name in rule.fields)
    alone.sort(key=lambda rule: isinstance(rule, Language))
    language = {name: rule.code for rule in alone if isinstance(rule, Language) for name in rule.fields}
    return DatasetView(
        about.description.strip(),
        about.specs or (FieldSpec("text"),),
        {label_text(value): meaning for value, meaning in about.meanings.items() if meaning},
        {name: tuple(rule for rule in alone if name in rule.fields) for name in names},
        {name: code for name, code in language.items() if code in corpus("languages")},
        tuple(rule for rule in about.constraints if isinstance(rule, RecordConstraint)),
    )
