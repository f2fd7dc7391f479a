"""The templates of prompts: found, compiled and rendered in a sandbox, shipped ones and the recipe's own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from datagen_cli.config.schema import template_variables
from datagen_cli.core.errors import Place, RecipeError
from datagen_cli.core.system import read_given
from datagen_cli.text.templating import Environment, Template, TemplateProblem

TEMPLATES = Path(__file__).parent / "templates"


@cache
def _environment() -> Environment:
    """Where the templates of prompts are rendered."""
    return Environment(trim_blocks=True, lstrip_blocks=True)


@cache
def _compiled(text: str) -> Template:
    """A template of the package, compiled once for all that use it."""
    return Template(_environment(), text, bounded=False)


@cache
def shipped_template(name: str) -> str:
    """The text of a template of the package."""
    return (TEMPLATES / f"{name}.j2").read_text(encoding="utf-8")


def template_source(given: str | None, shipped: str, where: str) -> str:
    """The template's text: the recipe's own (a file that ends in .j2, or text), else the shipped one."""
    if given is None:
        return shipped_template(shipped)
    if not given.endswith(".j2"):
        return given
    try:
        return read_given(given).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(
            f"{where}: cannot read {given}", hint="give a UTF-8 file, or the text itself", place=Place(given)
        ) from error


def compile_template(name: str, text: str, *, own: bool = False) -> Template:
    """The template, ready to render; `own`: it is the recipe's. Raises `RecipeError` where the text is no template."""
    try:
        return Template(_environment(), text, bounded=True) if own else _compiled(text)
    except TemplateProblem as error:
        raise RecipeError(f"prompts.{name}: {error}", hint="the template is not valid Jinja") from error


def render_template(template: Template, name: str, variables: Mapping[str, Any]) -> str:
    """The text of a prompt. Raises `RecipeError` where the template cannot be rendered."""
    try:
        return template.render(variables)
    except TemplateProblem as error:
        known = ", ".join(template_variables())
        raise RecipeError(f"prompts.{name}: {error}", hint=f"templates see: {known}") from error
