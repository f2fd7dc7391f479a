"""The ways of sampling that are compared, and which of them is the control of which.

A contrast of c sharpens and flattens at once: rows in identical states would be sampled at a temperature of 1 / (1 − c)
and nothing else. So each contrast has its control, plain sampling at that temperature. A contrast also comes with a
plausibility cut, which plain sampling has not and which by itself takes the tail away; so there are plain sampling and
the control with that cut too: `cross` with a contrast of a millionth, which changes no draw but by the cut. What
CorrSynth gains over the control with the cut is what the peers bring. Classifier-free guidance leaves the temperature
as it is; plain sampling with and without the cut are its controls.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CONTRAST, WEAK, STRONG = 0.3, 0.1, 0.5
NO_CONTRAST = 1e-6
TEMPERATURE, TOP_P, PLAUSIBILITY, PER_LABEL = 1.0, 0.9, 0.01, 2
FEWGEN = "plain (FewGen)"
CUT = "plain with the cut"


@dataclass(frozen=True, slots=True)
class Variant:
    """A line of the table: what is set under `sampling.correlated`, at which temperature, and its controls' names."""

    name: str
    correlated: Mapping[str, Any] = field(default_factory=dict)
    temperature: float = TEMPERATURE
    controls: tuple[str, ...] = ()

    @property
    def settings(self) -> dict[str, Any]:
        """What the recipe is changed by, as `--set` takes it."""
        keys: dict[str, Any] = {"sampling.temperature": round(self.temperature, 6), "sampling.top_p": TOP_P}
        fixed = {"variant": "plain", "per_label": PER_LABEL, "plausibility": PLAUSIBILITY}
        return keys | {f"sampling.correlated.{key}": value for key, value in {**fixed, **self.correlated}.items()}


def control_name(contrast: float, cut: bool = False) -> str:
    """What plain sampling at the temperature of that contrast is called."""
    return f"control{' with the cut' if cut else ''}, T = {1 / (1 - contrast):.2f}"


def control_of(contrast: float, cut: bool = False) -> Variant:
    """Plain sampling at the temperature that the contrast would be if rows did not differ."""
    only_cut = {"variant": "cross", "contrast": NO_CONTRAST} if cut else {}
    return Variant(control_name(contrast, cut), only_cut, TEMPERATURE / (1 - contrast))


def contrasted(kind: str, contrast: float) -> Variant:
    """A variant of CorrSynth with that contrast."""
    controls = (FEWGEN, CUT, control_name(contrast), control_name(contrast, cut=True))
    return Variant(f"{kind}, c = {contrast}", {"variant": kind, "contrast": contrast}, controls=controls)


VARIANTS: tuple[Variant, ...] = (
    Variant(FEWGEN),
    Variant(CUT, {"variant": "cross", "contrast": NO_CONTRAST}),
    Variant("cfg, g = 1.5", {"variant": "cfg", "guidance": 1.5}, controls=(FEWGEN, CUT)),
    control_of(CONTRAST),
    control_of(CONTRAST, cut=True),
    contrasted("cross", CONTRAST),
    contrasted("intra", CONTRAST),
    contrasted("hybrid", CONTRAST),
)
SWEEP: tuple[Variant, ...] = (
    control_of(WEAK, cut=True),
    contrasted("cross", WEAK),
    control_of(STRONG, cut=True),
    contrasted("cross", STRONG),
)
"""The weaker and the stronger contrast; their controls without the cut are left out, as those at 0.3 say enough."""
