"""Gates as JUnit XML, which servers of continuous integration show: a suite a dataset, a case a gate."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from datagen_cli.metrics.wording import number

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(results: Sequence[Mapping[str, Any]]) -> str:
    """The XML of the JSON of `eval`, one object a dataset; a problem that `--strict` names is a case that failed."""
    suites = Element("testsuites", name="datagen eval")
    for result in results:
        suite = SubElement(suites, "testsuite", name=_xml(result["dataset"]))
        for gate in result["gates"]:
            why = "" if gate["passed"] else gate.get("reason") or _beside_bound(gate)
            _case(suite, result["dataset"], gate["gate"], why, "" if "reason" in gate else _beside_bound(gate))
        for problem in result.get("problems", ()):
            _case(suite, result["dataset"], "--strict", problem)
        _count(suite, list(suite))
    _count(suites, [case for suite in suites for case in suite])
    indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(suites, encoding="unicode") + "\n"


def _case(suite: Element, dataset: str, name: str, why: str, said: str = "") -> None:
    """A case; it failed where there is a `why`."""
    case = SubElement(suite, "testcase", classname=_xml(dataset), name=_xml(name))
    if why:
        SubElement(case, "failure", message=_xml(why)).text = _xml(f"{name}: {why}")
    elif said:
        SubElement(case, "system-out").text = _xml(said)


def _count(element: Element, cases: Sequence[Element]) -> None:
    failed = sum(case.find("failure") is not None for case in cases)
    for key, value in {"tests": len(cases), "failures": failed, "errors": 0, "skipped": 0}.items():
        element.set(key, str(value))


def _beside_bound(gate: Mapping[str, Any]) -> str:
    return f"{number(gate['value'])}, bound {number(gate['bound'])}"


def _xml(text: str) -> str:
    """Text without the characters that XML cannot hold, which are shown as `\\u001b`."""
    return _NOT_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
