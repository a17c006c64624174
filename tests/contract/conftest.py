"""What the contract tests share: the API without sockets, and one real server for many tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from longwatch.client.address import Address
from support.postgres_stores import databases, url_of
from support.servers import Backend, app_over, backend, http_client, serving


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what asks for `behind` over both kinds of store, where the module says so: the second
    only in `make test-all` if it says `"slow"`."""
    both = getattr(metafunc.module, "ON_BOTH_STORES", None)
    chosen = [one.args[0] for one in metafunc.definition.iter_markers("parametrize")]
    if both is None or "store_kind" not in metafunc.fixturenames or "store_kind" in chosen:
        return
    marks = [pytest.mark.slow] if both == "slow" else []
    metafunc.parametrize("store_kind", ["sqlite", pytest.param("postgresql", marks=marks)])


@pytest.fixture
def store_kind() -> str:
    """The kind of store of `behind`."""
    return "sqlite"


@pytest.fixture
async def behind(tmp_path: Path, store_kind: str) -> AsyncIterator[Backend]:
    """A service over a real store; its attempts end when the test says so."""
    if store_kind == "sqlite":
        async with backend(tmp_path) as given:
            yield given
        return
    address = await asyncio.to_thread(databases.new)
    async with backend(tmp_path, store=url_of(address)) as given:
        yield given
    await asyncio.to_thread(databases.drop, address)


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
