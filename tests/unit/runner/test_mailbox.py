"""The files between a server and a runner: whole or not there, whatever happens between."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from longwatch.protocol.jobs import JobError, Phase, StatementKind
from longwatch.runner.mailbox import Mailbox
from longwatch.runner.spec import (
    AttemptSpec,
    Ending,
    Identity,
    Order,
    Outcome,
    Report,
    read_order,
)

SPEC = AttemptSpec(
    job_id="j",
    attempt=1,
    sql="SELECT 'é\n日本'",
    engine="duckdb",
    options={"path": "/data/with 'quotes'\n"},
    memory_bytes=2**30,
    spill_bytes=2**31,
    threads=2,
    run_s=1.5,
)


def report(rows: int) -> Report:
    return Report(phase=Phase.EXECUTING, elapsed_s=1.25, rows=rows, kind=StatementKind.READ)


@pytest.fixture
def mailbox(tmp_path: Path) -> Mailbox:
    mailbox = Mailbox(tmp_path / "jobs" / "j" / "1")
    mailbox.create(SPEC)
    return mailbox


def test_an_empty_mailbox(mailbox: Mailbox) -> None:
    assert mailbox.spec() == SPEC
    assert mailbox.identity() is None
    assert mailbox.report() is None
    assert mailbox.outcome() is None
    assert not mailbox.cancel_requested()
    assert mailbox.result.is_dir()


def test_what_goes_in_comes_out(mailbox: Mailbox) -> None:
    error = JobError(code="x", message="Zoë", line=3, column=4, hint="h")
    outcome = Outcome(ending=Ending.FAILED, last=report(7), error=error)
    mailbox.write_identity(Identity(pid=12, started_s=1700000000.25))
    mailbox.write_report(report(5))
    mailbox.write_outcome(outcome)
    mailbox.request_cancel()
    assert mailbox.identity() == Identity(pid=12, started_s=1700000000.25)
    assert mailbox.report() == report(5)
    assert mailbox.outcome() == outcome
    assert mailbox.cancel_requested()


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_others_cannot_look_in(mailbox: Mailbox) -> None:
    assert mailbox.folder.stat().st_mode & 0o077 == 0


def test_an_attempt_has_one_mailbox(mailbox: Mailbox) -> None:
    with pytest.raises(FileExistsError):
        mailbox.create(SPEC)


def test_a_reader_never_sees_half_a_report(mailbox: Mailbox) -> None:
    """A torn read would decode to `None` here: after the first report there always is one."""
    mailbox.write_report(report(0))
    done = threading.Event()

    def write() -> None:
        for number in range(400):
            mailbox.write_report(report(10 ** (number % 15)))
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    reads = 0
    while not done.is_set():
        assert mailbox.report() is not None
        reads += 1
    thread.join()
    assert reads > 10


def test_a_broken_file_is_silence(mailbox: Mailbox) -> None:
    (mailbox.folder / "progress.json").write_bytes(b'{"phase": "exec')
    (mailbox.folder / "runner.json").write_bytes(b"")
    assert mailbox.report() is None
    assert mailbox.identity() is None


def test_a_lack_of_open_files_is_no_silence(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`None` would say that the runner has not ended, or ended without a word."""
    mailbox.write_outcome(Outcome(ending=Ending.SUCCEEDED, last=report(1)))

    def none_left(_path: Path) -> bytes:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(Path, "read_bytes", none_left)
    with pytest.raises(OSError, match="Too many"):
        mailbox.outcome()


def test_spilled_data_is_removed(mailbox: Mailbox) -> None:
    mailbox.remove_spill()
    (mailbox.spill / "deep").mkdir(parents=True)
    (mailbox.spill / "deep" / "block").write_bytes(b"x" * 1000)
    mailbox.remove_spill()
    assert not mailbox.spill.exists()
    assert mailbox.spec() == SPEC


@pytest.mark.parametrize(
    "order",
    [
        Order(folder="/jobs/with\nnewline 'é'/1"),
        Order(options={"path": "a\nb"}),
        Order(options={}),
    ],
)
def test_an_order_is_one_line(order: Order) -> None:
    line = order.line()
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert read_order(line) == order
