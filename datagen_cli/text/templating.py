"""Templates of a recipe (Jinja), compiled and rendered within bounds.

Jinja's sandbox keeps attributes and changes of values away; the bounds keep a template from running or growing without
end. A template may take `MAX_CPU_S` seconds and `MEMORY_MB`; products and powers of integers stay below `MAX_BITS`,
because no clock stops a single one. Templates of the package need no bounds, and get none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any, TypeVar

from jinja2 import StrictUndefined, UndefinedError, nodes
from jinja2.compiler import CodeGenerator, Frame, operators, optimizeconst
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

from datagen_cli.core.budget import Allowance, TooMuch

MAX_CPU_S, MEMORY_MB, MAX_BITS = 0.5, 256, 100_000
MAX_CHARACTERS = 500_000
MAX_WEIGHT = 500_000
"""Parts of what is compared, sorted or hashed in one step, which no clock stops: a list that holds another twice has
its parts twice, and 64 characters of a text are a part."""
_SORTING = ("sort", "unique", "min", "max", "groupby", "dictsort")
T = TypeVar("T")


class TemplateProblem(Exception):
    """A template that cannot be compiled or rendered; the text says why. `unknown`: it uses an unknown name."""

    def __init__(self, reason: str, *, unknown: bool = False) -> None:
        super().__init__(reason)
        self.unknown = unknown


class _Names(Namespace):
    """Jinja's `namespace`, without names that other code would look for in an object (`__html_format__`)."""

    def __setitem__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            raise SecurityError(f"no name in a namespace begins with an underscore, as {name!r} does")
        super().__setitem__(name, value)


def weighed(value: Any) -> Any:
    """The value. Raises `TooMuch` for one with more than `MAX_WEIGHT` parts, however few of them take any memory."""
    waiting: list[Any] = [value]
    weight = 0
    while waiting and weight <= MAX_WEIGHT:
        item = waiting.pop()
        if isinstance(item, list | tuple | dict):
            weight += len(item)
            waiting += [*item, *item.values()] if isinstance(item, dict) else item
        elif isinstance(item, str):
            weight += len(item) // 64
    if weight > MAX_WEIGHT:
        raise TooMuch("it compares or sorts values of too many parts")
    return value


def _weighing(work: Any, *, sorts: bool) -> Any:
    """A filter or test that weighs what it is given; what comes one by one is gathered first where it `sorts`."""

    @wraps(work)
    def held(*args: Any, **options: Any) -> Any:
        given = [list(one) if sorts and isinstance(one, Iterator) else one for one in args]
        for one in (*given, *options.values()):
            weighed(one)
        return work(*given, **options)

    return held


class _Code(CodeGenerator):
    """Jinja's code, in which the sides of a comparison are weighed first."""

    @optimizeconst
    def visit_Compare(self, node: nodes.Compare, frame: Frame) -> None:
        """`(environment.weighed(a) == environment.weighed(b))`."""
        self.write("(environment.weighed(")
        self.visit(node.expr, frame)
        for operand in node.ops:
            self.write(f") {operators[operand.op]} environment.weighed(")
            self.visit(operand.expr, frame)
        self.write("))")

    def visit_Dict(self, node: nodes.Dict, frame: Frame) -> None:
        """`{environment.weighed(key): value}`."""
        self.write("{")
        for item in node.items:
            self.write("environment.weighed(")
            self.visit(item.key, frame)
            self.write("): ")
            self.visit(item.value, frame)
            self.write(", ")
        self.write("}")


class Environment(ImmutableSandboxedEnvironment):
    """The sandboxed environment. An unknown name in a template is an error, unless `undefined` says otherwise."""

    code_generator_class = _Code
    weighed = staticmethod(weighed)
    intercepted_binops = frozenset(("*", "**"))

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"undefined": StrictUndefined, "autoescape": False, **options})
        self.globals["namespace"] = _names
        for shelf in (self.filters, self.tests):
            shelf.update({name: _weighing(work, sorts=name in _SORTING) for name, work in shelf.items()})

    def call(self, context: Any, work: Any, /, *args: Any, **options: Any) -> Any:
        """A call in a template (`values.index(value)`), of which what it is given is weighed."""
        for one in (getattr(work, "__self__", None), *args, *options.values()):
            weighed(one)
        return super().call(context, work, *args, **options)

    def getitem(self, value: Any, name: Any) -> Any:
        """A part of a value, whose name is weighed."""
        return super().getitem(value, weighed(name))

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """A product or power. Raises `TooMuch` for integers beyond all use."""
        if isinstance(left, int) and isinstance(right, int):
            bits = left.bit_length() * right if operator == "**" else left.bit_length() + right.bit_length()
            if bits > MAX_BITS:
                raise TooMuch("it computes with numbers of too many digits")
        return super().call_binop(context, operator, left, right)


def _names(*args: Any, **names: Any) -> _Names:
    """A new namespace; every name goes through the one check."""
    found = _Names()
    for name, value in dict(*args, **names).items():
        found[name] = value
    return found


class Template:
    """A template, ready to render. `bounded` for what a recipe says; `most_characters` that its text may have then.
    Raises `TemplateProblem`."""

    def __init__(
        self, environment: Environment, source: str, *, bounded: bool, most_characters: int = MAX_CHARACTERS
    ) -> None:
        self._allowance = Allowance(MAX_CPU_S) if bounded else None
        self._most_characters = most_characters
        self._template = self._held(lambda: environment.from_string(source))
        self._template.globals = dict(self._template.globals)  # a chain of maps is walked anew at every rendering

    def render(self, variables: Mapping[str, Any]) -> str:
        """The text. Raises `TemplateProblem`."""
        text = self._held(lambda: self._written(variables))
        if self._allowance and any("\ud800" <= character <= "\udfff" for character in text if character > "\ud7ff"):
            raise TemplateProblem("it writes half a character (a lone surrogate)")
        return text

    def _written(self, variables: Mapping[str, Any]) -> str:
        text = self._template.render(variables)
        if self._allowance and len(text) > self._most_characters:
            raise TooMuch(f"it writes more than {self._most_characters:,} characters")
        return text

    def _held(self, work: Callable[[], T]) -> T:
        try:
            return self._allowance.spend(work, MEMORY_MB) if self._allowance else work()
        except UndefinedError as error:
            raise TemplateProblem(str(error), unknown=True) from error
        except Exception as error:  # a template may raise whatever Python can
            raise TemplateProblem(str(error)[:300] or type(error).__name__) from error
