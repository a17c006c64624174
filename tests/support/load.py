"""Clients that submit and cancel until their server is gone, and remember what it promised."""

from __future__ import annotations

import random
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from longwatch.client.address import Address
from longwatch.protocol.jobs import JobState
from support.processes import runners_in
from support.waiting import wait_until

FINAL = {state.value for state in JobState if state.is_final}
QUERIES = (
    "SELECT 7",
    "SELECT count(*) FROM range(20000000) AS t (i) WHERE i % 7 = 3",
    "SELECT * FROM there_is_no_such_table",
    "CREATE TABLE t AS SELECT range AS n FROM range(100000)",
    "SELECT range AS n FROM range(100000)",
)


@dataclass
class Promised:
    """The ids that were answered with 202, in the order of the answers."""

    ids: list[str] = field(default_factory=list)


@contextmanager
def load(
    address: Address, promised: Promised, seed: int, *, most: int, clients: int = 4
) -> Iterator[None]:
    """Submit, and now and then cancel, until the server is gone, the block is left or `most` jobs
    are promised."""
    leaving = threading.Event()

    def work(number: int) -> None:
        chance = random.Random(f"{seed}-{number}")
        with httpx.Client(
            base_url=address.url, headers=address.headers(), timeout=20, trust_env=False
        ) as client:
            while not leaving.is_set() and len(promised.ids) < most:
                try:
                    answer = client.post("/v1/jobs", json={"sql": chance.choice(QUERIES)})
                    if answer.status_code == 202:
                        promised.ids.append(answer.json()["id"])
                    if chance.random() < 0.5 and promised.ids:
                        client.post(f"/v1/jobs/{chance.choice(promised.ids)}/cancel")
                except httpx.TransportError:
                    return

    threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        leaving.set()
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()


def cut_the_power(server: psutil.Process | None, data_dir: Path) -> None:
    """End everything over a data folder at once: no process of it is left."""
    if server is not None:
        server.kill()
    for runner in runners_in(data_dir):
        runner.kill()
    wait_until(lambda: not runners_in(data_dir))


def check_store(path: Path, promised: Iterable[str], *, over: bool) -> None:
    """Every promised job is there, no id twice, the file is whole; with `over` each job ended
    exactly once and its state is how it ended."""
    with closing(sqlite3.connect(path)) as store:
        assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        states = dict(store.execute("SELECT id, state FROM jobs").fetchall())
        story = store.execute("SELECT job_id, event FROM events ORDER BY seq").fetchall()
    missing = set(promised) - states.keys()
    assert not missing, f"{len(missing)} of the jobs answered with 202 are lost"
    submitted = Counter(job_id for job_id, event in story if event == "submitted")
    assert submitted == Counter(states.keys())
    ends = Counter(job_id for job_id, event in story if event in FINAL)
    assert max(ends.values(), default=1) == 1, "a job ended twice"
    if over:
        assert set(states.values()) <= FINAL, Counter(states.values())
        assert ends.keys() == states.keys()
    last = {job_id: event for job_id, event in story if event in FINAL}
    assert all(states[job_id] == event for job_id, event in last.items())
