"""The real model that tests ask: SmolLM2 in its wheel. Where it is missing a test is skipped aloud; in CI it fails."""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest

from datagen_cli.llm.gguf.files import BRINGS_SMOLLM2, smollm2_file

MODEL = "gguf/smollm2"


def needs_smollm2(*packages: str) -> None:
    """Ends the test where the weights or the packages are missing."""
    missing = [name for name in packages if find_spec(name) is None]
    if missing or smollm2_file() is None:
        said = f"no real model here: {', '.join(missing) or 'its weights'} missing; make setup, or: {BRINGS_SMOLLM2}"
        if os.environ.get("CI") == "true":
            pytest.fail(said)
        pytest.skip(said)
