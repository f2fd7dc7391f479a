"""Gates: conditions on measures that a script can rely on.

`METRIC[.detail][@low|@high] OP NUMBER`, or `OP reference*FACTOR`; OP is one of `<= >= < > ==`. `@low` and `@high` are
the ends of the interval. Details are those that the measure declares; a part with `.`, `@` or `=` in it is quoted. A
missing value fails the gate and says why; an unknown name is an error. Against the reference the dataset and the
reference are measured at equal size; the gate fails where their signatures still differ. Bounds are decimal numbers.
`compare.METRIC.worse` (or `better`, `tie`: 1 or 0; `difference`, `value`, `other`) speaks of `--compare`.
"""

from __future__ import annotations

import math
import operator
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from datagen_cli.core.errors import Place, UsageError
from datagen_cli.core.registry import is_name, names, suggest
from datagen_cli.core.system import read_given
from datagen_cli.evaluation.document import entry
from datagen_cli.evaluation.evaluate import Evaluation
from datagen_cli.evaluation.evaluate import metric as metric_of

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_PART = r"""(?:"[^"]*"|'[^']*'|[^.@<>="'\s][^.@<>="']*)"""
_GATE = re.compile(
    rf"\s*(?P<metric>[A-Za-z_]\w*)(?P<detail>(?:\.{_PART})*?)(?:@(?P<edge>low|high))?\s*(?P<op><=|>=|==|<|>)\s*"
    rf"(?:(?P<number>{_NUMBER})|reference(?:\s*\*\s*(?P<factor>{_NUMBER}))?)\s*"
)
_OPERATORS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt, "==": operator.eq,
}  # fmt: skip
_NAMED = 8
_LONGEST = 1_000
"""Characters of a gate, and of what may be meant as one."""
COMPARE = "compare"
VERDICTS = ("worse", "better", "tie")
COMPARED = (*VERDICTS, "difference", "value", "other")
_SIGNS = {"≤": "<=", "≥": ">=", "=<": "<=", "=>": ">=", "＜": "<", "＞": ">", "===": "=="}
"""Other ways to write the signs of a gate."""
FORM = "METRIC[.detail][@low|@high] OP NUMBER or OP reference*FACTOR, such as 'self_bleu<=0.5'; OP: <= >= < > =="


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition; `factor` is set where the bound is the reference's value times it, else `number`."""

    text: str
    metric: str
    detail: tuple[str, ...]
    edge: str
    op: str
    number: Decimal | None
    factor: Decimal | None

    @property
    def measure(self) -> str:
        """The measure that has to be taken for it."""
        return self.detail[0] if self.metric == COMPARE else self.metric


def parse_gate(text: str) -> Gate:
    """Raises `UsageError` for what is no gate or names no measure."""
    found = _GATE.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None or not all(math.isfinite(float(found[part] or 0)) for part in ("number", "factor")):
        meant = _meant(text)
        hint = f"a gate is {FORM}"
        raise UsageError(
            f"--gate: {text.strip()!r} cannot be read", hint=f"did you mean {meant}? {hint}" if meant else hint
        )
    metric = found["metric"]
    detail = tuple(_unquoted(part) for part in re.findall(rf"\.({_PART})", found["detail"]))
    against = found["number"] is None
    if metric == COMPARE:
        _refuse_uncompared(text.strip(), detail, found["edge"], against=against)
    else:
        _refuse_unmeasured(metric, detail, against=against)
    return Gate(
        text=text.strip(),
        metric=metric,
        detail=detail,
        edge=found["edge"] or "",
        op=found["op"],
        number=None if against else Decimal(found["number"]),
        factor=Decimal(found["factor"] or 1) if against else None,
    )


def refuse_unnamed_embedder(gates: Sequence[Gate], embedder: str | None) -> None:
    """Raises `UsageError` for a gate on embeddings while nobody says which: an installed extra would decide it."""
    for gate in gates:
        metric = metric_of(gate.measure)
        if embedder is None and (metric.needs_vectors or set(gate.detail) & set(metric.vector_details)):
            raise UsageError(
                f"--gate: {'.'.join([gate.metric, *gate.detail])} depends on the embedder, and none is named",
                hint="--embedder minilm or --embedder hashed: values of different embedders differ",
            )


def words_alone(gates: Sequence[Gate], embedder: str | None) -> list[str]:
    """The measures that gates hold and that are taken of words alone, while nobody says which embedder adds to them."""
    if embedder is not None:
        return []
    return list(dict.fromkeys(gate.measure for gate in gates if metric_of(gate.measure).vector_details))


def idle(gates: Sequence[Gate]) -> list[str]:
    """What there is to say of gates that no value can fail: 50 where a share is meant, which ends at 1."""
    said = []
    for gate in gates:
        if gate.metric == COMPARE or gate.detail or gate.number is None:
            continue
        metric = metric_of(gate.metric)
        low, high = (0.0, 1.0) if metric.counts_rows else metric.reach
        if gate.op in ("<", "<=") and gate.number > high:
            said.append(f"{gate.text} never fails: {gate.metric} is at most {high:g}")
        elif gate.op in (">", ">=") and gate.number < low:
            said.append(f"{gate.text} never fails: {gate.metric} is at least {low:g}")
    return said


def _unquoted(part: str) -> str:
    part = part.strip()
    return part[1:-1] if part[:1] in "\"'" else part


def refuse_without_other(gates: Sequence[Gate], other: str | None) -> None:
    """Raises `UsageError` for a gate on a comparison where there is nothing to compare with."""
    for gate in gates:
        if gate.metric == COMPARE and other is None:
            raise UsageError(f"--gate: {gate.text} needs another dataset", hint="name it with --compare")


def _refuse_uncompared(text: str, detail: Sequence[str], edge: str | None, *, against: bool) -> None:
    """Raises `UsageError` for what `--compare` never says."""
    known = [name for name in names("metrics") if metric_of(name).compared]
    if len(detail) != 2 or detail[1] not in COMPARED:
        words = ", ".join(COMPARED)
        raise UsageError(f"--gate: {text!r} cannot be read", hint=f"a gate is compare.METRIC.WORD OP NUMBER: {words}")
    metric, word = detail
    if metric not in known:
        raise UsageError(f"--gate: --compare has no measure {metric!r}", hint=suggest(metric, known))
    if word in VERDICTS and metric_of(metric).direction == "none":
        hint = f"such as compare.{metric}.difference<=5"
        raise UsageError(f"--gate: {metric} is neither better nor worse", hint=hint)
    if edge and word != "difference":
        raise UsageError(f"--gate: {word} has no interval", hint=f"compare.{metric}.difference@{edge} has")
    if against:
        raise UsageError(f"--gate: {text}: --compare knows no reference", hint="a gate on --compare has a number")


def _refuse_unmeasured(metric: str, detail: Sequence[str], *, against: bool) -> None:
    """Raises `UsageError` for a measure that is not there, or cannot be what the gate wants."""
    if not is_name("metrics", metric):
        raise UsageError(f"--gate: there is no measure {metric!r}", hint=suggest(metric, names("metrics")))
    if against and not metric_of(metric).one_sided:
        known = ", ".join(name for name in names("metrics") if metric_of(name).one_sided)
        raise UsageError(f"--gate: {metric} is not measured of the reference", hint=f"those that do: {known}")
    _refuse_undeclared(metric, detail)


def _meant(text: str) -> str:
    """The gate that a text with other signs, `50%`, `0,5` or quotes around it may mean; empty where there is none."""
    if len(text) > _LONGEST:
        return ""
    text = text.strip().strip("'\"\ufeff")
    for written, sign in _SIGNS.items():
        text = text.replace(written, sign)
    text = re.sub(r"(?<![<>=!])=(?!=)", "==", text)
    text = re.sub(r"(?<=\d),(?=\d)", ".", text)
    text = re.sub(rf"({_NUMBER})\s*%\s*$", lambda found: f"{Decimal(found[1]) / 100:f}", text)
    text = re.sub(rf"({_NUMBER})\s*\*\s*reference$", r"reference*\1", text)
    text = re.sub(r"^[A-Za-z_-]+", lambda found: found[0].replace("-", "_"), text)
    return text if _GATE.fullmatch(text) else ""


def _refuse_undeclared(metric: str, detail: Sequence[str]) -> None:
    """Raises `UsageError` for a detail that the measure can never have."""
    declared = metric_of(metric).details
    if detail and not any(_matches(path, detail) for path in declared):
        shown = ".".join(detail)
        known = ", ".join(path.replace("*", "NAME") for path in declared) or "none"
        raise UsageError(
            f"--gate: {metric} has no detail {shown!r}", hint=f"its details: {known}; a name with . @ = is quoted"
        )


def _matches(path: str, detail: Sequence[str]) -> bool:
    parts = path.split(".")
    return len(parts) == len(detail) and all(part in ("*", given) for part, given in zip(parts, detail, strict=True))


def read_gates(path: Path) -> list[Gate]:
    """The gates of a file (`-`: standard input), one a line. `#` begins a comment; dashes, quotes may stand there."""
    try:
        text = sys.stdin.read() if str(path) == "-" else read_given(path).decode("utf-8-sig")
        lines = text.splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("cannot be read", hint="--gates names a text file", place=Place(str(path))) from error
    gates = []
    for number, line in enumerate(lines, start=1):
        gate = re.sub(r"(?:^|\s)#.*$", "", line).strip().removeprefix("-").strip().strip("'\"")
        if not gate or gate == "gates:":
            continue
        try:
            gates.append(parse_gate(gate))
        except UsageError as error:
            raise UsageError(error.message, hint=error.hint, place=Place(str(path), number)) from error
    if not gates:
        raise UsageError("holds no gate", hint=f"a gate a line: {FORM}", place=Place(str(path)))
    return gates


def check_gates(
    gates: Sequence[Gate], found: Evaluation, compared: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """`{"gate", "passed", "value", "bound"}` for each, with a `reason` where it fails for lack of a value or a bound.

    `compared` is what `compare` gave, for gates that speak of it.
    """
    return [_check(gate, found, compared) for gate in gates]


def _check(gate: Gate, found: Evaluation, compared: Mapping[str, Any] | None) -> dict[str, Any]:
    value, bound, reason = _sides(gate, found, compared)
    result = {"gate": gate.text, "passed": False, "value": value, "bound": None if bound is None else float(bound)}
    if value is None or bound is None:
        return {**result, "reason": reason}
    return {**result, "passed": _OPERATORS[gate.op](_decimal(value), bound)}


def _sides(
    gate: Gate, found: Evaluation, compared: Mapping[str, Any] | None
) -> tuple[float | None, Decimal | None, str]:
    """The value, what it is held against, and why one of them is not there."""
    if gate.metric == COMPARE:
        value, reason = _of_comparison(gate, (compared or {}).get("metrics", {}).get(gate.measure, {}))
        return value, gate.number, reason
    against = gate.factor is not None
    measured = found.at_reference_size(gate.metric) if against else found.measures[gate.metric]
    value, reason = _value(gate, entry(measured, None))
    if gate.factor is None:
        return value, gate.number, reason
    own = found.reference_measures.get(gate.metric)
    if own is None:
        return value, None, found.reference_lack
    if None not in (measured.value, own.value) and measured.signature != own.signature:
        return value, None, f"not comparable: {measured.signature} against {own.signature}"
    theirs, why = _value(gate, entry(own, None))
    return value, None if theirs is None else _decimal(theirs) * gate.factor, reason or f"reference: {why}"


def _of_comparison(gate: Gate, item: Mapping[str, Any]) -> tuple[float | None, str]:
    """The number that a gate on a comparison speaks of, or None and why there is none."""
    word = gate.detail[1]
    if word in VERDICTS:
        value = float(item["verdict"] == word) if "verdict" in item else None
    elif gate.edge:
        value = float(item["interval"][gate.edge == "high"]) if "interval" in item else None
    else:
        value = item.get(word)
    return (value, "") if value is not None else (None, str(item.get("reason") or "nothing to compare"))


def _decimal(value: float) -> Decimal:
    """A number as it is written: 0.1 · 3 is 0.3."""
    return Decimal(repr(value))


def _value(gate: Gate, measure: Mapping[str, Any]) -> tuple[float | None, str]:
    """The number that the gate speaks of, or None and why there is none."""
    if gate.detail:
        return _detail(gate, measure)
    if measure["value"] is None:
        return None, str(measure["reason"])
    if not gate.edge:
        return float(measure["value"]), ""
    ends = measure.get("interval") or measure.get("bound")
    if ends is None:
        why = measure.get("no_interval")
        return None, f"{gate.metric} has no interval" + (f": {why}" if why else "")
    return float(ends[gate.edge == "high"]), ""


def _detail(gate: Gate, measure: Mapping[str, Any]) -> tuple[float | None, str]:
    inside: Any = measure.get("detail", {})
    if measure["value"] is None and not inside:
        return None, str(measure["reason"])
    for place, part in enumerate(gate.detail):
        if not isinstance(inside, Mapping) or part not in inside:
            last = place == len(gate.detail) - 1
            counted = metric_of(gate.metric).counted  # counts that are not written where they are 0
            if last and isinstance(inside, Mapping) and any(_matches(path, gate.detail) for path in counted):
                return 0.0, ""
            there = f": there are {_some(inside)}" if last and isinstance(inside, Mapping) and inside else ""
            return None, f"{'.'.join([gate.metric, *gate.detail[: place + 1]])} is not there{there}"
        inside = inside[part]
    name = f"{gate.metric}.{'.'.join(gate.detail)}"
    if gate.edge:
        if not isinstance(inside, Mapping) or not isinstance(inside.get("interval"), list | tuple):
            return None, f"{name} has no interval"
        return float(inside["interval"][gate.edge == "high"]), ""
    if isinstance(inside, Mapping) and isinstance(inside.get("value"), int | float):
        inside = inside["value"]
    if isinstance(inside, list):
        return float(len(inside)), ""
    if isinstance(inside, bool) or not isinstance(inside, int | float):
        return None, f"{name} is no number"
    return float(inside), ""


def _some(names: Mapping[str, Any]) -> str:
    """The first names, and how many more."""
    first = list(names)[:_NAMED]
    return ", ".join(first) + (f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else "")
