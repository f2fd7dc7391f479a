"""Cases of a grid: some of each kind run with every change, the others with `make test-slow`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def mostly_slow(cases: Iterable[Any], *quick: int) -> list[Any]:
    """The cases of `pytest.mark.parametrize`, of which those at these places (the first, if none is named) run with
    every change and all others are slow."""
    kept = quick or (0,)
    return [case if place in kept else _slow(case) for place, case in enumerate(cases)]


def _slow(case: Any) -> Any:
    if isinstance(case, type(pytest.param())):
        return pytest.param(*case.values, marks=[*case.marks, pytest.mark.slow], id=case.id)
    return (
        pytest.param(*case, marks=pytest.mark.slow)
        if type(case) is tuple
        else pytest.param(case, marks=pytest.mark.slow)
    )
