"""`tests`: a program of the record must pass the record's own tests, in the sandbox (AgoraBench's code domain).

The program and its tests run as one program. It passes when it runs to its last line. It fails when an assertion or
another error stops it, when it exits before its last line, and when it does not end in time. Tests that run to their
end without the program test nothing: they fail. Without a field of tests the program alone must run. What the sandbox
refuses to run is *unknown*. Costs 3 to 10 ms a record. Does *not* say that the tests are right.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from datagen_cli.config.checks import CheckOptions, OnUnknown, ValidatorFacts
from datagen_cli.constraints.fields import PASSED, check_fields
from datagen_cli.core.fields import FieldSpec
from datagen_cli.core.ports import Context
from datagen_cli.core.record import Record, Slot, Verdict

_FENCE = re.compile(r"\s*```[^\n]*\n(.*?)\n?```\s*", re.DOTALL)


class TestsOptions(CheckOptions):
    """Which field holds the program and which its tests."""

    code: str = Field(min_length=1, description="the field with a Python program")
    tests: str | None = Field(None, min_length=1, description="the field with assertions about it; without: it runs")
    timeout_s: float = Field(5.0, gt=0, le=60, description="CPU time of the program with its tests")
    memory_mb: int = Field(512, ge=16, le=65_536, description="memory of one program")


class Tests(ValidatorFacts):
    """The record's program passes the record's tests."""

    options: ClassVar[type[CheckOptions]] = TestsOptions
    runs_programs: ClassVar[bool] = True
    on_unknown: ClassVar[OnUnknown] = "drop"

    def __init__(self, options: TestsOptions, specs: Mapping[str, FieldSpec]) -> None:
        check_fields(specs, [options.code, *([options.tests] if options.tests else [])])
        self._options = options

    async def verify(self, record: Record, slot: Slot, ctx: Context) -> Verdict:
        """See the module's docstring."""
        code = _program(record.fields[self._options.code])
        tests = _program(record.fields[self._options.tests]) if self._options.tests else ""
        verdict: Verdict = await ctx.run_blocking(run_tests, self._options, code, tests, ctx.unsafe_exec, anywhere=True)
        return verdict


def run_tests(options: TestsOptions, code: str, tests: str, unsafe: bool) -> Verdict:
    """Whether a program passes its tests; without a field of tests, whether it runs."""
    from datagen_cli.sandbox.run import run_program

    limits: dict[str, Any] = {"timeout_s": options.timeout_s, "memory_mb": options.memory_mb, "unsafe": unsafe}
    end = secrets.token_hex(8)
    done = run_program(f"{code}\n\n{tests}\n\nprint({end!r})\n", **limits)
    evidence = {"status": done.status, "error": done.error[:300], "layer": done.layer}
    if done.status == "refused":
        return Verdict("unknown", f"{options.code}: cannot be run: {done.error}"[:300], None, evidence)
    if done.status != "ok":
        what = f"{done.status}: {done.error}" if done.error else done.status
        wrong = f"does not pass {options.tests}" if options.tests else "does not run"
        return Verdict("fail", f"{options.code}: {wrong}: {what}"[:300], None, evidence)
    if not done.stdout.rstrip().endswith(end):
        return Verdict("fail", f"{options.code}: ends before its tests do", None, evidence)
    if options.tests and run_program(f"{tests}\n", **limits).status == "ok":
        return Verdict("fail", f"{options.tests}: pass without {options.code}, so they test nothing", None, evidence)
    return PASSED


def _program(value: Any) -> str:
    """The program of a field; a fence around the whole goes, a list of tests is one a line."""
    text = "\n".join(map(str, value)) if isinstance(value, list) else str(value)
    found = _FENCE.fullmatch(text)
    return found[1] if found else text
