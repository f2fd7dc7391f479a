"""A Typer group whose commands are modules: help lists them from a table, and only the invoked one is imported."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from datagen_cli.core.errors import UsageError
from datagen_cli.core.registry import suggest


class SectionedCommand(TyperCommand):
    """A command whose help lists arguments first, then its options under the headings that their panels name."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Writes the sections in the order in which the first parameter of each is declared."""
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and parameter.param_type_name == "argument":
                sections["Arguments"].append((record[0].partition(" <")[0], record[1]))  # without Python's type
            elif record is not None:
                sections.setdefault(getattr(parameter, "rich_help_panel", None) or "Options", []).append(record)
        for heading, records in sections.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Writes the examples; in a terminal too narrow for one it goes on after a backslash and can be pasted."""
        from datagen_cli.cli import console

        wide = console.width() if console.is_terminal(sys.stdout) else None
        examples = "\n".join(console.broken("   ", line, wide) for line in (self.epilog or "").splitlines())
        formatter.write(f"\n  Examples:\n{examples}\n")


class LazyGroup(TyperGroup):
    """A group of the commands that `sections` names; command `x` is the function `command` of `datagen_cli.cli.x`."""

    sections: ClassVar[Mapping[str, Mapping[str, str]]] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of all commands, in the order of the help."""
        return [name for section in self.sections.values() for name in section]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Imports the module of a command. Raises `UsageError` for a name that no command has."""
        if cmd_name in self.list_commands(ctx):
            return load_command(cmd_name)
        if ctx.resilient_parsing:  # the shell asks for completions while the name is being typed
            return None
        near = suggest(cmd_name, self.list_commands(ctx))
        hint = near if near.startswith("did") else "see datagen --help"
        raise UsageError(f"no such command {cmd_name!r}", hint=hint)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Writes every section from the table; no command is imported for it."""
        widest = max(len(name) for name in self.list_commands(ctx))
        for heading, commands in self.sections.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(widest), summary) for name, summary in commands.items()])


@cache
def load_command(name: str) -> Any:
    """The command of a module: its signature, its docstring as help, its `EXAMPLES` below."""
    module = import_module(f"datagen_cli.cli.{name}")
    single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    settings = {"help_option_names": ["-h", "--help"]}
    single.command(name, cls=SectionedCommand, epilog="\n".join(module.EXAMPLES), context_settings=settings)(
        module.command
    )
    return get_command(single)
