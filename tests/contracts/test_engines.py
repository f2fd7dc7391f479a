"""Every engine runs a coroutine to its end, and a function beside it, and hands on what they raise."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from datagen_cli.core.registry import load, names


@pytest.fixture(params=names("engines"))
def engine(request: pytest.FixtureRequest) -> Any:
    return load("engines", request.param)()


def test_it_gives_back_what_the_coroutine_gives(engine: Any) -> None:
    async def main() -> int:
        return 7

    assert engine.run(main) == 7


def test_a_function_that_blocks_runs_beside_the_loop(engine: Any) -> None:
    async def main() -> bool:
        here: int = threading.get_ident()
        return bool(await engine.run_blocking(threading.get_ident) != here)

    assert engine.run(main)


def test_an_error_comes_through(engine: Any) -> None:
    async def main() -> None:
        await engine.run_blocking(int, "x")

    with pytest.raises(ValueError, match="invalid literal"):
        engine.run(main)
