"""One torch thread, and tiny models that are made once a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from datagen_cli.llm.local.model import LocalModel


@pytest.fixture(autouse=True, scope="package")
def _one_thread() -> Iterator[None]:
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module", params=["llama", "gpt2"])
def exact_model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> LocalModel:
    """A tiny model in float64: rotary positions and grouped heads, or learned absolute positions."""
    from datagen_cli.llm.local.weights import open_model
    from tests.llm.local.tiny import save_model

    return open_model(str(save_model(tmp_path_factory.mktemp("model"), request.param)), device="cpu", dtype="float64")
