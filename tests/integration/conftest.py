from __future__ import annotations

from collections.abc import Iterator

import pytest

from longwatch.client.sync import Client
from support.processes import runners_in
from support.runs import Server
from support.servers import serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for a module's tests, with runners in waiting as a server has them; in the end no
    process of it is left."""
    data_dir = tmp_path_factory.mktemp("server") / "data"
    with serving(data_dir, threads=2, warm_spare=True) as (_, address), Client(address) as client:
        yield Server(data_dir, client)
    assert runners_in(data_dir) == []
