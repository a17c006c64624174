"""One thread, one connection, and commits that are shared without being shared in failure."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future

import pytest

from longwatch.jobs.errors import UnknownJob
from longwatch.jobs.transitions import JobEvent
from longwatch.protocol.jobs import Job
from longwatch.store import listing, repository
from longwatch.store.errors import StoreClosed, StoreFull
from longwatch.store.listing import Filter
from longwatch.store.writer import Changes, Transaction
from support.servers import job
from support.waiting import wait_until
from unit.server.store.conftest import OpenStore


class Held:
    """Keeps the store's thread busy, so that what is submitted meanwhile shares one commit."""

    def __init__(self, store: OpenStore) -> None:
        self._release = threading.Event()
        self._busy = threading.Event()
        self._blocker = store.thread.submit(self._block)
        assert self._busy.wait(10)

    def _block(self, _tx: Transaction) -> None:
        self._busy.set()
        assert self._release.wait(10)

    def release(self) -> None:
        self._release.set()
        self._blocker.result(10)


def add(store: OpenStore, one: Job) -> Future[Job]:
    return store.thread.submit(lambda tx: repository.add(tx, one))


def test_concurrent_submits_share_a_commit(store: OpenStore) -> None:
    held = Held(store)
    futures = [add(store, job()) for _ in range(20)]
    held.release()
    assert [future.result(10).seq for future in futures] == list(range(1, 21))
    assert len(store.announced) == 1
    assert [one.seq for one in store.announced[0].changed.values()] == list(range(1, 21))
    assert store.announced[0].seq == 20


def test_a_failing_operation_undoes_nothing_of_its_neighbours(store: OpenStore) -> None:
    def fails_late(tx: Transaction) -> None:
        repository.add(tx, job("select 'never'"))
        raise RuntimeError("after its insert")

    held = Held(store)
    before = add(store, job("select 1"))
    broken = store.thread.submit(fails_late)
    missing = store.thread.submit(lambda tx: repository.get(tx, "nobody"))
    after = add(store, job("select 2"))
    held.release()
    with pytest.raises(RuntimeError, match="after its insert"):
        broken.result(10)
    with pytest.raises(UnknownJob):
        missing.result(10)
    # No gap either: what was undone gave its number back.
    assert (before.result(10).seq, after.result(10).seq) == (1, 2)
    listed = store.run(listing.page, Filter(), before_n=None, limit=10)
    assert [one.preview for one in listed.jobs] == ["select 2", "select 1"]
    assert [set(changes.changed) for changes in store.announced] == [
        {before.result().id, after.result().id}
    ]


def test_what_shares_a_commit_with_too_large_a_submit_is_kept_or_refused_never_lost(
    sqlite_store: OpenStore,
) -> None:
    first = sqlite_store.run(repository.add, job())
    pages = sqlite_store.pragma("page_count")
    sqlite_store.pragma(f"max_page_count={pages + 20}")
    held = Held(sqlite_store)
    small = add(sqlite_store, job("select 'small'"))
    large = add(sqlite_store, job("select '" + "x" * 500_000 + "'"))
    reading = sqlite_store.thread.submit(lambda tx: repository.get(tx, first.id))
    behind = add(sqlite_store, job("select 'behind'"))
    held.release()
    with pytest.raises(StoreFull, match=r"no room left .* Nothing was lost"):
        large.result(10)
    assert reading.result(10) == first
    kept = [small.result(10), behind.result(10)]
    assert [one.seq for one in kept] == [2, 3]
    listed = sqlite_store.run(listing.page, Filter(), before_n=None, limit=10)
    assert [one.id for one in listed.jobs] == [kept[1].id, kept[0].id, first.id]
    # The two together or each by itself: as much as SQLite undoes when the disk is full.
    assert [changes.seq for changes in sqlite_store.announced] in ([1, 2, 3], [1, 3])


def test_a_full_store_refuses_until_there_is_room(sqlite_store: OpenStore) -> None:
    pages = sqlite_store.pragma("page_count")
    sqlite_store.pragma(f"max_page_count={pages}")
    with pytest.raises(StoreFull):
        sqlite_store.run(repository.add, job("select '" + "x" * 100_000 + "'"))
    assert sqlite_store.run(repository.newest_seq) == 0
    sqlite_store.pragma("max_page_count=100000")
    assert sqlite_store.run(repository.add, job()).seq == 1


def test_a_job_changed_twice_in_a_commit_is_announced_last(store: OpenStore) -> None:
    one, two = store.run(repository.add, job()), store.run(repository.add, job())

    def start(which: Job) -> Callable[[Transaction], Job]:
        return lambda tx: repository.change(
            tx, which.id, JobEvent.STARTED, attempt=1, at=which.submitted_at
        )

    def ask(which: Job) -> Callable[[Transaction], Job]:
        return lambda tx: repository.change(
            tx, which.id, JobEvent.CANCEL_REQUESTED, attempt=1, at=which.submitted_at
        )

    held = Held(store)
    futures = [store.thread.submit(step) for step in (start(one), start(two), ask(one))]
    held.release()
    assert [future.result(10).seq for future in futures] == [3, 4, 5]
    assert [job.seq for job in store.announced[-1].changed.values()] == [4, 5]


def test_an_answer_comes_after_the_announcement(store: OpenStore) -> None:
    seen: list[int] = []
    future = add(store, job())
    future.add_done_callback(lambda _: seen.append(len(store.announced)))
    future.result(10)
    store.run(repository.newest_seq)
    assert seen == [1]


def test_closing_finishes_what_is_queued_and_refuses_the_rest(store: OpenStore) -> None:
    held = Held(store)
    queued = [add(store, job()) for _ in range(5)]
    closing = threading.Thread(target=store.thread.close)
    closing.start()
    held.release()
    closing.join(10)
    assert [future.result(10).seq for future in queued] == [1, 2, 3, 4, 5]
    with pytest.raises(StoreClosed, match="stopping"):
        add(store, job())


def test_nobody_waits_for_ever_when_the_thread_dies(
    store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", raised.append)

    def broken(_changes: Changes) -> None:
        raise RuntimeError("the loop is gone")

    store.thread._on_commit = broken
    held = Held(store)
    committed = add(store, job())
    held.release()
    assert committed.result(10).seq == 1  # it is on disk, whoever could not be told
    wait_until(lambda: raised)
    assert str(raised[0].exc_value) == "the loop is gone"
    with pytest.raises(StoreClosed):
        add(store, job()).result(10)
