"""A server that is killed again and again under load."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from longwatch.client.sync import Client
from longwatch.protocol.jobs import JobState
from support.load import Promised, check_store, load
from support.processes import runners_in, serve
from support.waiting import wait_until

pytestmark = pytest.mark.skipif(os.name != "posix", reason="adoption is tested on POSIX")
SETTINGS = {
    "LONGWATCH_THREADS": "1",
    "LONGWATCH_RETRY_DELAY_S": "0",
    "LONGWATCH_WARM_SPARE": "true",
}


def killed_and_started_again(data_dir: Path, kills: int, seed: int, run: int = 1_000) -> None:
    """`run` is how many of the jobs that wait in the end are let run: 0.4 s of a core each."""
    chance = random.Random(seed)
    promised = Promised()
    for round_ in range(kills):
        before = len(promised.ids)
        enough = before + chance.randint(1, 10)
        with (
            serve(data_dir, **SETTINGS) as served,
            load(served.address, promised, seed * 1_000 + round_, most=enough + 4),
        ):
            wait_until(lambda: len(promised.ids) >= enough, patience_s=30)  # noqa: B023
            # Anywhere in a commit, a start or an end: that is the point, and no condition.
            time.sleep(chance.random() * 0.03)
            served.kill()
    with serve(data_dir, **SETTINGS) as served, Client(served.address) as client:
        for one in list(client.jobs(state="queued"))[run:]:
            client.job(one.id).cancel()
        for one in list(client.jobs()):
            client.job(one.id).wait(300)
        for one in client.jobs():
            if one.state is JobState.SUCCEEDED and one.result is not None:
                assert client.job(one.id).result().rows == one.result.rows
        assert served.stop() == 0
    check_store(data_dir / "jobs.sqlite", promised.ids, over=True)
    assert runners_in(data_dir) == []


@pytest.mark.slow
def test_two_kills(tmp_path: Path) -> None:
    """Invariant: whenever the server is killed, every job answered with 202 is there when it is
    back, each ends exactly once, the store is whole, results can be read, and no process is
    left."""
    killed_and_started_again(tmp_path / "data", 2, seed=7, run=3)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [1, 2])
def test_many_kills(tmp_path: Path, seed: int) -> None:
    """The same invariant, over 25 kills; the seed is in the name of the test."""
    killed_and_started_again(tmp_path / "data", 25, seed)
