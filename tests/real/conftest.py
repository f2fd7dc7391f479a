"""What real-model tests share: a quiet place, short replies, and the yields at the end of the output."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.real_model import needs_smollm2

YIELD = "yield"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("real"):
        needs_smollm2("xllamacpp")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Keeps a line about what depends on the model's wit: `make test-real` prints it at its end."""
    return lambda line: record_property(YIELD, line)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Prints the yields, also of tests that ran in other processes."""
    told = [
        value
        for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
        for name, value in report.user_properties
        if name == YIELD
    ]
    if told:
        terminalreporter.section("what the small real model made of it")
    for line in told:
        terminalreporter.write_line(line)
