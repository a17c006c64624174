"""A PostgreSQL store that several servers write to and read: one order of changes for all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from longwatch.jobs.transitions import JobEvent
from longwatch.protocol.jobs import Job
from longwatch.store import repository
from longwatch.store.postgres.address import StoreAddress
from longwatch.store.postgres.readers import Readers
from longwatch.store.postgres.writer import PostgresThread
from longwatch.store.thread import Changes
from support.postgres_stores import databases
from support.servers import job


class Server:
    """What a server has of a store: its writer, its readers, what it announced."""

    def __init__(self, address: StoreAddress) -> None:
        self.announced: list[Changes] = []
        self.writer = PostgresThread(address, self.announced.append)
        self.writer.open()
        self.readers = Readers(address, self._make_sure)

    def _make_sure(self, seq: int) -> None:
        if seq > self.writer.published:
            self.writer.look().result(10)

    def add(self, one: Job) -> Job:
        return self.writer.submit(lambda tx: repository.add(tx, one)).result(20)

    def close(self) -> None:
        self.readers.close()
        self.writer.close()


@pytest.fixture
def servers() -> Iterator[list[Server]]:
    """Three servers on a store."""
    address = databases.new()
    made = [Server(address) for _ in range(3)]
    yield made
    for one in made:
        one.close()
    databases.drop(address)


def test_no_reader_sees_a_seq_before_all_lower_ones(servers: list[Server]) -> None:
    """Invariant: while several servers write, whoever reads up to a `seq` has all that is below,
    and each server announces every change once, in order."""
    writing = threading.Event()
    writing.set()

    def write(server: Server) -> None:
        for _ in range(40):
            one = server.add(job())
            start = partial(
                repository.change,
                job_id=one.id,
                event=JobEvent.STARTED,
                attempt=1,
                at=one.submitted_at,
            )
            server.writer.submit(start).result(20)

    def read(server: Server) -> None:
        known: dict[str, int] = {}
        seq = 0
        while writing.is_set():
            since = partial(repository.since, seq=seq, most=10_000)
            found = server.readers.submit(since).result(20)
            assert found is not None
            assert server.writer.published >= found.seq, "read before it was announced"
            seen = [one.seq for one in found.changed]
            assert all(seq < one <= found.seq for one in seen)
            known |= {one.id: one.seq for one in found.changed}
            seq = found.seq
        final = server.readers.submit(lambda tx: repository.since(tx, 0, most=10_000)).result(20)
        last = server.readers.submit(lambda tx: repository.since(tx, seq, most=10_000)).result(20)
        assert final is not None
        assert last is not None
        known |= {one.id: one.seq for one in last.changed}
        assert known == {one.id: one.seq for one in final.changed}

    with ThreadPoolExecutor(6) as pool:
        reads = [pool.submit(read, one) for one in servers]
        writes = [pool.submit(write, one) for one in servers]
        try:
            for one in writes:
                one.result(60)
        finally:
            writing.clear()
        for one in reads:
            one.result(60)
    for server in servers:
        server.writer.look().result(20)
        ends = [changes.seq for changes in server.announced]
        assert ends == sorted(set(ends))
        assert ends[-1] == 240
        seqs = [one.seq for changes in server.announced for one in changes.changed.values()]
        assert seqs == sorted(set(seqs))
        assert len({one for changes in server.announced for one in changes.changed}) == 120


def test_a_removed_job_is_told_by_the_others(servers: list[Server]) -> None:
    first, second, _ = servers
    one = first.add(job())
    second.writer.submit(lambda tx: repository.remove(tx, one.id, at=one.submitted_at)).result(20)
    first.writer.look().result(20)
    assert [(changes.removed, changes.seq) for changes in first.announced] == [
        ({}, 1),
        ({one.id: "ada"}, 2),
    ]
    assert [changes.elsewhere for changes in second.announced] == [True, False]


def test_a_server_far_behind_is_told_in_parts(
    servers: list[Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invariant: what is told after an absence takes up no more memory than one part of it."""
    first, second, _ = servers
    monkeypatch.setattr(repository, "MOST_CAUGHT_UP", 10)
    for _ in range(35):
        first.add(job())
    second.writer.look().result(20)
    assert [changes.seq for changes in second.announced] == [10, 20, 30, 35]
