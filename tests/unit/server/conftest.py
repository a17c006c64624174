"""What the server's unit tests share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.servers import Backend, backend


@pytest.fixture
async def behind(tmp_path: Path) -> AsyncIterator[Backend]:
    """A service over a real store; its attempts end when the test says so."""
    async with backend(tmp_path) as given:
        yield given
