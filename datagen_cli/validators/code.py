"""`code`: independent programs, written from the question alone, must print the answer (DataGen, arXiv 2406.18966).

`solutions` programs are drawn and run in the sandbox; what they print is compared as numbers. Pass: a majority of all
prints the answer. Fail: a majority prints one other number, which is the fix, in the answer's own form; or UNSOLVABLE,
which has no fix. Anything else is unknown: programs that do not run, print no number, or disagree. No program is drawn
once the majority is certain. The answer is overwritten only on `on_fail: fix`, and the old one is kept. The coder never
sees the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

from pydantic import Field

from datagen_cli.config.checks import AskingCost, CheckOptions, OnUnknown, ValidatorFacts
from datagen_cli.constraints.fields import check_fields
from datagen_cli.core.chat import End, Reply
from datagen_cli.core.fields import About, FieldSpec, plain_text, unreadable
from datagen_cli.core.ports import Context
from datagen_cli.core.record import Record, Slot, Verdict
from datagen_cli.prompts.checking import CODE, CheckPrompts, code_prompt, read_program
from datagen_cli.text.answers import in_form_of, parse_number, same_number
from datagen_cli.validators.asking import Unread, ask_whole
from datagen_cli.validators.voting import drawn, majority

UNSOLVABLE = "UNSOLVABLE"
ROLE = "coder"
END = End(tokens=600, mark="\n```\n")
"""Several times what a program takes, and the end of its block, which is asked for alone."""


class CodeOptions(CheckOptions):
    """Which field is the question, which the answer, and how many programs vote."""

    question: str = Field(min_length=1, description="the field that programs are written from")
    answer: str = Field(min_length=1, description="the field that they must print")
    solutions: int = Field(3, ge=1, le=25, description="independent programs")
    tolerance: float = Field(1e-6, ge=0, description="relative difference up to which numbers are equal")
    timeout_s: float = Field(5.0, gt=0, le=60, description="CPU time of one program")
    memory_mb: int = Field(512, ge=16, le=65_536, description="memory of one program")


@dataclass(frozen=True, slots=True)
class Result:
    """What one program said: a number's text, UNSOLVABLE, or nothing with the reason; `unread` where none came."""

    value: str | None
    problem: str = ""
    layer: str = ""
    unread: Unread | None = None


class Code(ValidatorFacts):
    """The majority of independent programs agrees with the answer."""

    options: ClassVar[type[CheckOptions]] = CodeOptions
    asks: ClassVar[tuple[str, ...]] = ("code",)
    finds: ClassVar[tuple[str, ...]] = ("wrong_label", "unsolvable")
    roles: ClassVar[tuple[str, ...]] = (ROLE,)
    prompts: ClassVar[CheckPrompts] = CODE
    finds_answers: ClassVar[bool] = True
    runs_programs: ClassVar[bool] = True
    on_unknown: ClassVar[OnUnknown] = "drop"

    @classmethod
    def cost(cls, options: CodeOptions) -> AskingCost:
        """As many programs as make a majority, at most all and each once more."""
        return AskingCost(calls=(options.solutions // 2 + 1, 2 * options.solutions), reply=(60, 400))

    @classmethod
    def reads(cls, options: CodeOptions) -> tuple[str, ...]:
        """The question and the answer."""
        return (options.question, options.answer)

    def __init__(self, options: CodeOptions, specs: Mapping[str, FieldSpec], about: About) -> None:
        check_fields(specs, [options.question, options.answer])
        self._options = options
        self._same = partial(same_result, tolerance=options.tolerance)

    async def verify(self, record: Record, slot: Slot, ctx: Context) -> Verdict:
        """See the module's docstring."""
        options = self._options
        question, answer = plain_text(record.fields[options.question]), record.fields[options.answer]
        results = await drawn(
            lambda k: self._solution(question, k, ctx), lambda result: result.value, options.solutions, self._same
        )
        evidence: dict[str, Any] = {"results": [result.value or result.problem for result in results]}
        unread = [result.unread for result in results if result.unread is not None]
        if len(unread) == len(results):
            return Unread.of_all(unread).verdict("the coder wrote no program")
        winner = majority([result.value for result in results], options.solutions, self._same)
        if winner is None:
            return Verdict(
                "unknown", f"programs do not agree: {', '.join(map(str, evidence['results']))}", None, evidence
            )
        if winner == UNSOLVABLE:
            return Verdict("fail", f"{options.question}: programs find that it cannot be solved", None, evidence)
        agrees = same_number(winner, plain_text(answer), tolerance=options.tolerance)
        if agrees:
            return Verdict("pass", "", None, evidence)
        detail = f"{options.answer}: programs compute {winner}, the record says {plain_text(answer)}"
        right = in_form_of(winner, answer)
        return Verdict("fail", detail, None if unreadable(right) else {options.answer: right}, evidence)

    async def _solution(self, question: str, k: int, ctx: Context) -> Result:
        """What one program prints. Where none came, or it printed nothing usable, another is asked for once."""
        prompt = code_prompt(question)
        several = self._options.solutions > 1
        result, replies = Result(None, "no program"), []
        for draw in (k, k + self._options.solutions):
            reply = await ask_whole(
                ctx, ROLE, prompt, purpose="code", k=draw, several=several, end=END, enough=is_enough
            )
            replies.append(reply)
            program = read_program(reply.text, cut=reply.finish_reason == "length")
            if program is not None:
                limits = self._options.timeout_s, self._options.memory_mb
                result = await ctx.run_blocking(run_code, program, *limits, ctx.unsafe_exec, anywhere=True)
            if result.value is not None:
                break
        return result if result.layer else replace(result, unread=Unread.of(replies))


def is_enough(reply: Reply) -> bool:
    """Whether a reply that was cut off is not to be asked for at greater length: it holds a whole program, or has run
    on to where any program has ended."""
    return reply.end.tokens is not None or read_program(reply.text, cut=True) is not None


def run_code(program: str, timeout_s: float, memory_mb: int, unsafe: bool) -> Result:
    """What a program prints as a result, or why there is none."""
    from datagen_cli.sandbox.run import run_program

    done = run_program(program, timeout_s=timeout_s, memory_mb=memory_mb, unsafe=unsafe)
    if done.status != "ok":
        return Result(None, f"{done.status}: {done.error}"[:200], done.layer)
    return Result(printed_value(done.stdout), "printed no number", done.layer)


def printed_value(stdout: str) -> str | None:
    """The number, or UNSOLVABLE, on the last line printed; None for anything else."""
    lines = stdout.strip().splitlines()
    if not lines:
        return None
    last = lines[-1].strip()
    if last.upper().strip(".!'\"") == UNSOLVABLE:
        return UNSOLVABLE
    return last if parse_number(last) is not None else None


def same_result(first: str, second: str, tolerance: float) -> bool:
    """Whether two results are the same number, or both UNSOLVABLE."""
    if first == second:
        return True
    return UNSOLVABLE not in (first, second) and bool(same_number(first, second, tolerance=tolerance))
