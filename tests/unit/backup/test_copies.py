"""Copies of the store: complete though it goes on, and harmless when they are put back."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from longwatch.protocol.backups import Backup
from longwatch.protocol.jobs import JobState, Submission
from longwatch.store import backup, repository
from longwatch.store.backup import BackupFailed, prune
from longwatch.store.errors import StoreClosed
from longwatch.store.tables import HEAD
from longwatch.store.writer import StoreThread
from support.servers import app_over, backend, http_client, job
from support.stores import lay_out
from support.waiting import eventually, wait_until


@pytest.fixture
def store(tmp_path: Path) -> Iterator[StoreThread]:
    thread = StoreThread(lay_out(tmp_path / "jobs.sqlite"), lambda _changes: None)
    thread.open()
    yield thread
    thread.close()


def add(store: StoreThread, size: int = 10) -> Future[Any]:
    one = job("select '" + "x" * size + "'")
    return store.submit(lambda tx: repository.add(tx, one))


def ids(path: Path) -> set[str]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as copy:
        return {row[0] for row in copy.execute("SELECT id FROM jobs")}


class Between:
    """Stands in the copy's way after its first step, until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
        self.steps = 0
        original = backup.copy_pages

        def copy_pages(source: sqlite3.Connection, target: Path, between: Any) -> None:
            def step() -> None:
                self.steps += 1
                if self.steps == 2:
                    act()
                between()

            original(source, target, step)

        monkeypatch.setattr("longwatch.store.writer.copy_pages", copy_pages)


def test_operations_go_on_and_are_in_the_copy(
    store: StoreThread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {add(store, 400_000).result(10).id for _ in range(10)}
    during: list[Future[Any]] = []
    between = Between(monkeypatch, lambda: during.extend(add(store, 400_000) for _ in range(5)))
    copied = store.copy(tmp_path / "copy")
    copied.result(20)
    assert between.steps > 5, "a store of one step would show nothing"
    meanwhile = {one.result(0).id for one in during}
    assert ids(tmp_path / "copy") == before | meanwhile
    made = backup.check(tmp_path / "copy", name="copy", made_at=job().submitted_at)
    assert (made.jobs, made.seq, made.revision) == (15, 15, HEAD)
    assert add(store).result(10).seq == 16


def test_a_store_that_closes_ends_its_copy(
    store: StoreThread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        add(store, 400_000).result(10)
    Between(monkeypatch, lambda: store._queue.put(None))
    copied = store.copy(tmp_path / "copy")
    with pytest.raises(StoreClosed):
        copied.result(10)
    with pytest.raises(StoreClosed):
        wait_until(lambda: store.copy(tmp_path / "another").result(10))


def test_a_copy_that_cannot_be_written_harms_nothing(store: StoreThread, tmp_path: Path) -> None:
    (tmp_path / "copy").touch()
    with pytest.raises(FileExistsError):
        store.copy(tmp_path / "copy").result(10)
    assert add(store).result(10).seq == 1


async def test_a_copy_put_back_runs_nothing_again(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    async with backend(tmp_path / "a", max_running=1) as given:
        service = given.service
        submitted = [await service.submit(_submission(), "ada") for _ in range(3)]
        done, running, waiting = (one.id for one in submitted)
        await eventually(lambda: (done, 1) in given.executor.open)
        await given.executor.end(done)
        await eventually(lambda: (running, 1) in given.executor.open)
        made = await backup.back_up(given.store.copy, tmp_path / "a" / "backups")
        assert (made.jobs, made.unfinished) == (3, 2)
        epoch = given.parts.epoch
        assert (await given.job(running)).state is JobState.RUNNING, "the store itself goes on"
    [copy] = (tmp_path / "a" / "backups").iterdir()
    assert copy.name == made.file
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    (tmp_path / "b").mkdir()
    copy.rename(tmp_path / "b" / "jobs.sqlite")
    async with backend(tmp_path / "b") as given:
        states = [(await given.job(one)).state.value for one in (done, running, waiting)]
        assert states == ["succeeded", "lost", "failed"]
        for one in (running, waiting):
            found = await given.job(one)
            assert found.error is not None
            assert found.error.code == "from_backup"
            assert found.finished_at is not None
        assert (given.executor.launched, given.executor.adopted) == ([], [])
        assert given.parts.epoch != epoch, "else a client would go on from a seq that went back"
        newest = await given.store.run(repository.newest_seq)
        assert newest == max([(await given.job(one)).seq for one in (running, waiting)])


async def test_over_http(tmp_path: Path) -> None:
    async with backend(tmp_path) as given, http_client(app_over(given)) as client:
        await given.service.submit(_submission(), "ada")
        answer = await client.post("/v1/backups")
        assert answer.status_code == 201
        assert answer.json()["jobs"] == 1
        assert (tmp_path / "backups" / answer.json()["file"]).stat().st_size > 10_000
        for path in (tmp_path / "backups").iterdir():
            path.unlink()
        (tmp_path / "backups").rmdir()
        (tmp_path / "backups").touch()
        answer = await client.post("/v1/backups")
        assert (answer.status_code, answer.json()["code"]) == (507, "backup_failed")


def test_a_damaged_copy_is_refused_and_removed(store: StoreThread, tmp_path: Path) -> None:
    for _ in range(50):
        add(store, 4_000).result(10)
    part = tmp_path / "copy.part"
    store.copy(part).result(10)
    content = bytearray(part.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 4096] = b"\xee" * 4096
    part.write_bytes(content)
    with pytest.raises((BackupFailed, sqlite3.DatabaseError)):
        backup.finish(part, tmp_path / "copy", job().submitted_at)
    assert not (tmp_path / "copy").exists()


def test_a_store_without_a_server(store: StoreThread, tmp_path: Path) -> None:
    kept = add(store).result(10).id
    store.close()
    made: Backup = backup.copy_closed(tmp_path / "jobs.sqlite", tmp_path / "copy")
    assert (made.jobs, made.unfinished) == (1, 1)
    assert ids(tmp_path / "copy") == {kept}
    with pytest.raises(sqlite3.OperationalError):
        backup.copy_closed(tmp_path / "none.sqlite", tmp_path / "other")
    assert not list(tmp_path.glob("other*"))


def _submission() -> Submission:
    return Submission(sql="select 42")


def test_the_newest_copies_stay(tmp_path: Path) -> None:
    for hour in range(7):
        (tmp_path / f"jobs-20260101T{hour:02}0000Z-ab12.sqlite").touch()
    (tmp_path / "mine.sqlite").touch()
    assert prune(tmp_path, 5) == 2
    assert sorted(one.name[:16] for one in tmp_path.iterdir()) == [
        *(f"jobs-20260101T{hour:02}" for hour in range(2, 7)),
        "mine.sqlite",
    ]
