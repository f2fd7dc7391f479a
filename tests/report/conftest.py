"""A browser for the tests of a file."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.report import browser as devtools
from tests.report.browser import Browser


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    """A headless Chromium under way."""
    async with devtools.browser(tmp_path_factory.mktemp("browser")) as found:
        yield found
