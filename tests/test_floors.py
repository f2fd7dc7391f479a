"""The lowest versions that the core admits are known, so that `make test-floors` can install them."""

from __future__ import annotations

import pytest

from tests.floors import core_requirements, floors


def test_every_requirement_of_the_core_has_a_lowest_version() -> None:
    assert len(floors(core_requirements())) == len(core_requirements()) >= 14


def test_floors_are_read_from_any_form_of_a_requirement() -> None:
    wanted = ["typer>=0.15,<1", "x[fast]>= 2.0", "y<3,>=1.5", "z==4"]
    assert floors(wanted) == ["typer==0.15", "x==2.0", "y==1.5", "z==4"]


@pytest.mark.parametrize("requirement", ["typer", "typer<1", ">=2"])
def test_a_requirement_without_a_lowest_version_is_refused(requirement: str) -> None:
    with pytest.raises(ValueError, match="no lowest version"):
        floors([requirement])
