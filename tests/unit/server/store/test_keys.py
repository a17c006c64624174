"""One job a key, whatever the order of requests, and wherever the store's process dies."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from longwatch.jobs.errors import KeyReused
from longwatch.jobs.model import fingerprint
from longwatch.protocol.jobs import Submission
from longwatch.service.submitting import Intake, Taken
from longwatch.settings import Settings
from longwatch.sources.catalogue import SourceCatalogue
from longwatch.store import listing
from longwatch.store.listing import Filter
from longwatch.store.store import Store
from longwatch.store.writer import StoreThread, Transaction
from support.stores import lay_out

KEYS = st.sampled_from(["a", "b", "c"])
OWNERS = st.sampled_from(["ada", "bob"])
BODIES = st.sampled_from([Submission(sql=f"select {n}") for n in range(2)])


class Killed(Exception):
    """Stands for the end of the process."""


def copy_of(path: Path, folder: Path) -> Path:
    """What a process that dies now leaves on disk: the file, and its log as far as written."""
    folder.mkdir()
    for name in (path.name, f"{path.name}-wal"):
        if (path.parent / name).exists():
            shutil.copyfile(path.parent / name, folder / name)
    return folder / path.name


class KeysAndCrashes(RuleBasedStateMachine):
    """Submits with keys, over a store that is killed now and then."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.lives = 0
        self.known: dict[tuple[str, str], tuple[Submission, str]] = {}
        self.path = lay_out(self.folder / "jobs.sqlite")
        self.thread = self._opened()

    def teardown(self) -> None:
        if hasattr(self, "thread"):
            self.thread.close()
            shutil.rmtree(self.folder)

    def _opened(self) -> StoreThread:
        thread = StoreThread(self.path, lambda _changes: None)
        thread.open()
        config = Settings(data_dir=self.folder)
        catalogue = SourceCatalogue(config.sources, config.default_source)
        # Of the intake only what it does within a transaction.
        store = Store(self.path, lambda _changes: None)
        self.intake = Intake(store, catalogue, config, lambda: datetime.now(UTC))
        return thread

    def _take(self, owner: str, key: str, body: Submission) -> Callable[[Transaction], Taken]:
        intake = self.intake

        def operation(tx: Transaction) -> Taken:
            meant = fingerprint(body)
            return intake._take(tx, owner, key, meant, lambda _tx: intake._prepared(body, owner))

        return operation

    def _check(self, owner: str, key: str, body: Submission, taken: Taken) -> None:
        before = self.known.get((owner, key))
        if before is None:
            assert not taken.replayed
            self.known[owner, key] = (body, taken.job.id)
        else:
            assert taken.replayed
            assert before == (body, taken.job.id)

    @rule(owner=OWNERS, key=KEYS, body=BODIES)
    def submit(self, owner: str, key: str, body: Submission) -> None:
        future = self.thread.submit(self._take(owner, key, body))
        before = self.known.get((owner, key))
        if before is not None and before[0] != body:
            with pytest.raises(KeyReused):
                future.result(10)
        else:
            self._check(owner, key, body, future.result(10))

    @rule(owner=OWNERS, key=KEYS, bodies=st.lists(BODIES, min_size=2, max_size=4))
    def submit_together(self, owner: str, key: str, bodies: list[Submission]) -> None:
        """Several in one commit: the first decides."""
        futures = [self.thread.submit(self._take(owner, key, body)) for body in bodies]
        for body, future in zip(bodies, futures, strict=True):
            try:
                self._check(owner, key, body, future.result(10))
            except KeyReused:
                assert self.known[owner, key][0] != body

    @rule(owner=OWNERS, key=KEYS, body=BODIES)
    def die_before_the_commit(self, owner: str, key: str, body: Submission) -> None:
        """Everything is written and nothing committed: the next life knows nothing of it."""
        self.lives += 1
        left: list[Path] = []

        def operation(tx: Transaction) -> None:
            with contextlib.suppress(KeyReused):
                self._take(owner, key, body)(tx)
            left.append(copy_of(self.path, self.folder / str(self.lives)))
            raise Killed

        with pytest.raises(Killed):
            self.thread.submit(operation).result(10)
        self._live_on(left[0])

    @rule(owner=OWNERS, key=KEYS, body=BODIES)
    def die_before_the_answer(self, owner: str, key: str, body: Submission) -> None:
        """It is committed and nobody was told."""
        self.submit(owner, key, body)
        self.lives += 1
        self._live_on(copy_of(self.path, self.folder / str(self.lives)))
        self.submit(owner, key, body)

    def _live_on(self, path: Path) -> None:
        self.thread.close()
        self.path = path
        self.thread = self._opened()

    @invariant()
    def one_job_a_key(self) -> None:
        if not hasattr(self, "thread"):
            return
        found: Any = self.thread.submit(
            lambda tx: listing.find(tx, Filter(), before_n=None, limit=100)
        ).result(10)
        assert sorted(found.ids) == sorted(job_id for _, job_id in self.known.values())


TestKeysAndCrashes = KeysAndCrashes.TestCase
TestKeysAndCrashes.settings = settings(
    max_examples=10,
    stateful_step_count=8,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def test_a_fingerprint_tells_what_was_meant_and_not_how_it_was_written() -> None:
    plain = fingerprint(Submission(sql="x"))
    assert plain == fingerprint(Submission(sql="x", priority=0, name=None))
    others = [
        Submission(sql="y"),
        Submission(sql="x", name="x"),
        Submission(sql="x", source="x"),
        Submission(sql="x", priority=1),
    ]
    assert len({plain, *(fingerprint(one) for one in others)}) == 5
