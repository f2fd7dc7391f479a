"""The control of a correlated run (`--control`): the plain run that it is compared with, at the
temperature that the contrast amounts to.

Where all rows are in the same state the contrast is nothing but a temperature of T / δ, δ = gamma − contrast. What a
contrast is worth shows only beside a plain run at that temperature, with the same plan, seed, prompts and count: it
goes into `<folder>-control`. The weights of `cfg` sum to 1: its control is plain sampling at T.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from datagen_cli.config.recipe import Recipe
from datagen_cli.core.errors import UsageError
from datagen_cli.llm.identity import sampling_of

SUFFIX = "-control"


@dataclass(frozen=True, slots=True)
class ControlRun:
    """How the control is sampled: at this temperature, and a sentence for the user."""

    temperature: float
    about: str

    @property
    def overrides(self) -> list[str]:
        """What `--set` says for it."""
        plain = [f"sampling.correlated.{name}" for name in ("variant=plain", "gamma=1", "contrast=0")]
        return [*plain, f"sampling.temperature={self.temperature!r}"]


def control_folder(folder: Path) -> Path:
    """Where the control of the run in a folder lies: beside it."""
    folder = folder if folder.name not in ("", "..") else folder.resolve()
    return folder.with_name(f"{folder.name}{SUFFIX}")


def plan_control(recipe: Recipe) -> ControlRun:
    """The control of a recipe. Raises `UsageError` where there is none: no correlated sampling, plain, or δ = 0."""
    correlated = recipe.options.sampling.correlated
    if correlated is None:
        hint = "it is for recipes with sampling.correlated"
        raise UsageError("--control: this recipe has no correlated sampling", hint=hint)
    if correlated.variant == "plain":
        raise UsageError("--control: the variant plain has no contrast to control for", hint="leave --control out")
    contrasted = round(correlated.gamma - correlated.contrast, 12)  # of a row's own weight, where all its peers agree
    delta = 1.0 if correlated.variant == "cfg" else contrasted
    if delta <= 0:
        raise UsageError(
            "--control: with contrast = gamma no plain temperature corresponds to the run",
            hint="choose a contrast below gamma",
        )
    own = sampling_of(recipe.models["generator"][0], "generator", recipe.options.sampling).get("temperature", 1.0)
    temperature = own / delta
    if temperature > 100:
        raise UsageError(
            f"--control: its temperature would be {temperature:.3g}, which is noise", hint="choose a lower contrast"
        )
    if correlated.variant == "cfg":
        return ControlRun(temperature, f"the weights of cfg sum to 1, so its control is plain at its own T = {own:g}")
    return ControlRun(temperature, f"plain at T = {own:g} / {delta:g} = {temperature:.4g}")
