"""What the contract tests share: the API without sockets, and one real server for many tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from longwatch.client.address import Address
from support.servers import Backend, app_over, backend, http_client, serving


@pytest.fixture
async def behind(tmp_path: Path) -> AsyncIterator[Backend]:
    """A service over a real store; its attempts end when the test says so."""
    async with backend(tmp_path) as given:
        yield given


@pytest.fixture
async def http(behind: Backend) -> AsyncIterator[httpx.AsyncClient]:
    """An authorized client of the API over `behind`."""
    async with http_client(app_over(behind)) as client:
        yield client


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """A real server in a thread, shared by the tests of a module: each looks at its own jobs."""
    with serving(tmp_path_factory.mktemp("live"), max_running=2) as (_, address):
        yield address


@pytest.fixture(scope="module")
def live_http(live: Address) -> Iterator[httpx.Client]:
    """An authorized client of `live`, over a real socket."""
    with httpx.Client(base_url=live.url, headers=live.headers(), trust_env=False) as client:
        yield client
