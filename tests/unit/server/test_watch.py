"""What a runner's second thread tells while the first goes on to the next statement."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pytest

from longwatch.engines.contract import Session, Statement, Vitals
from longwatch.protocol.attempts import AttemptSpec, Report, Stage
from longwatch.protocol.catalogue import Catalogue, Estimate
from longwatch.protocol.jobs import Phase
from longwatch.protocol.parameters import Parameter
from longwatch.runner.mailbox import Mailbox
from longwatch.runner.watch import Watch
from support.waiting import wait_until

OLD, NEW = [Stage(1.0, 1.0)], [Stage(1.0, 2.0)]


class SlowToTell(Session):
    """A session whose looks at the first statement wait until they are let go."""

    def __init__(self) -> None:
        self.planned = OLD
        self.asked = threading.Event()
        self.go_on = threading.Event()

    def parse(self, sql: str, parameters: Mapping[str, Parameter] | None = None) -> list[Statement]:
        raise NotImplementedError

    def plan(self, statement: Statement) -> None:
        raise NotImplementedError

    def stages(self) -> list[Stage]:
        found = self.planned
        self.asked.set()
        self.go_on.wait(20)
        return found

    def execute(
        self, statement: Statement, batch_rows: int
    ) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        raise NotImplementedError

    def estimate(self, statement: Statement) -> Estimate:
        raise NotImplementedError

    def catalogue(self) -> Catalogue:
        raise NotImplementedError

    def poll(self) -> Vitals:
        return Vitals(0.9 if self.planned is OLD else None, None, None)

    def interrupt(self) -> None:
        pass

    def close(self) -> None:
        pass


class Broken(SlowToTell):
    """One that breaks its promise to raise nothing."""

    def stages(self) -> list[Stage]:
        raise RuntimeError("no plan")


@pytest.fixture
def spec() -> AttemptSpec:
    return AttemptSpec(
        job_id="a" * 16,
        attempt=1,
        sql="SELECT 1; SELECT 2",
        engine="duckdb",
        options={},
        memory_bytes=2**40,
        spill_bytes=2**40,
        threads=1,
    )


def watching(spec: AttemptSpec, folder: Path, session: Session) -> tuple[Watch, Mailbox]:
    """A watch that has begun with the first of two statements, and where it writes."""
    mailbox = Mailbox(folder)
    mailbox.create(spec)
    watch = Watch(spec, mailbox, -1, lambda *_: None)
    watch.statements = 2
    watch.session = session
    watch.begin(1)
    watch.phase = Phase.EXECUTING
    watch.start()
    return watch, mailbox


def test_what_was_asked_of_one_statement_is_not_told_of_the_next(
    spec: AttemptSpec, tmp_path: Path
) -> None:
    session = SlowToTell()
    watch, mailbox = watching(spec, tmp_path / "mailbox", session)
    try:
        wait_until(session.asked.is_set)
        watch.begin(2)
        session.planned = NEW
        session.go_on.set()

        def second() -> Report | None:
            report = mailbox.report()
            return report if report is not None and report.statement == 2 else None

        assert wait_until(second).fraction is None
        assert wait_until(second).stages == []
        watch.phase = Phase.EXECUTING
        assert wait_until(lambda: watch.report().stages) == NEW
    finally:
        session.go_on.set()
        watch.stop()


def test_a_session_that_cannot_tell_its_stages_is_watched_all_the_same(
    spec: AttemptSpec, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    watch, mailbox = watching(spec, tmp_path / "mailbox", Broken())
    try:
        assert wait_until(mailbox.report).stages == []
    finally:
        watch.stop()
    assert capfd.readouterr().err.count("RuntimeError: no plan") == 1
