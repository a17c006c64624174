"""The second thread of a runner: reports progress, watches memory and time, hears of a cancel."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Final

import psutil

from longwatch.engines.contract import Session
from longwatch.protocol.attempts import Stage
from longwatch.protocol.jobs import JobError, Phase, StatementKind
from longwatch.runner.mailbox import Mailbox
from longwatch.runner.recording import Recorder
from longwatch.runner.segments import SegmentWriter
from longwatch.runner.spec import AttemptSpec, Report, Trace

_LINUX: Final = sys.platform == "linux"
TICK_S: Final = 0.05
REPORT_S: Final = 0.1
HEARTBEAT_S: Final = 1.0
SPILL_SLACK: Final = 64 * 2**20
RSS_FACTOR: Final = 1.5
"""The engine's own limit was kept within 1.2 × for sorts, joins and aggregates; whatever holds
half as much again is outside the engine's books."""


class Watch:
    """Looks at a running attempt 20 times a second from a thread of its own.

    The main thread sets `phase`, `session`, `writer`, `kind` and `statement` as it comes to them;
    they are only ever read here. A breach of a limit is handed to `on_breach`, once.
    """

    def __init__(
        self,
        spec: AttemptSpec,
        mailbox: Mailbox,
        doorbell: int,
        on_breach: Callable[[JobError, Report], None],
    ) -> None:
        self.phase = Phase.STARTING
        self.session: Session | None = None
        self.writer: SegmentWriter | None = None
        self.kind: StatementKind | None = None
        self.statement = self.statements = 0
        self.cancelled = False
        self._spec = spec
        self._mailbox = mailbox
        self._doorbell = doorbell
        self._on_breach = on_breach
        self._process = psutil.Process()
        self._started_s = time.monotonic()
        # A runner may have been waiting for work, warm: what it used until now is not the query's.
        self._cpu_before_s, self._io_before = self._used()
        self._recorder = Recorder()
        self._stop = threading.Event()
        self._told: Report | None = None
        self._told_s = 0.0
        self._fraction: float | None = None
        self._stages: list[Stage] | None = None
        self._spill_bytes = 0
        self._writing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def begin(self, statement: int) -> None:
        """The main thread turns to this statement, from 1."""
        self.phase = Phase.PLANNING
        self._fraction = self._stages = None
        self.statement = statement

    def start(self) -> None:
        """Begin watching."""
        self._thread.start()

    def stop(self) -> None:
        """End it; no report is written after this returns."""
        self._stop.set()
        self._thread.join()

    def ring(self) -> None:
        """Tell the server to look. It may be gone: that changes nothing here."""
        with contextlib.suppress(OSError):
            os.write(self._doorbell, b".")

    def report(self) -> Report:
        """Where the attempt is now."""
        writer = self.writer
        cpu_s, io_bytes = self._used()
        return Report(
            phase=self.phase,
            elapsed_s=round(time.monotonic() - self._started_s, 3),
            fraction=self._fraction,
            rows=writer.rows if writer else 0,
            bytes=writer.bytes if writer else 0,
            memory_bytes=self._process.memory_info().rss,
            spill_bytes=self._spill_bytes,
            kind=self.kind,
            result=writer.info() if writer else None,
            statement=self.statement,
            statements=self.statements,
            cpu_s=round(cpu_s - self._cpu_before_s, 3),
            io_bytes=max(0, io_bytes - self._io_before),
            stages=self._stages or [],
        )

    def trace(self, last: Report) -> Trace:
        """The course of the attempt, which ends with `last`."""
        self._recorder.note(last)
        return self._recorder.trace()

    def _used(self) -> tuple[float, int]:
        """Seconds of processor time, and bytes read and written, of this process; 20 µs each."""
        times = self._process.cpu_times()
        return times.user + times.system, _io_bytes(self._process)

    def tell(self, report: Report | None = None) -> None:
        """Write a report, of now if none is given. A full disk is the query's to meet, not ours."""
        # Two threads come here, and the file has one name until it is whole.
        with self._writing, contextlib.suppress(OSError):
            self._mailbox.write_report(report or self.report())

    def _run(self) -> None:
        while not self._stop.wait(TICK_S):
            try:
                self._look()
            except Exception:  # whatever it was, limits and cancels need this thread
                traceback.print_exc()

    def _look(self) -> None:
        if not self.cancelled and self._mailbox.cancel_requested():
            self.cancelled = True
        if self.cancelled and self.session is not None:
            # Again at every tick: an interrupt between two statements would be forgotten.
            self.session.interrupt()
        now_s = time.monotonic()
        if now_s - self._told_s < REPORT_S:
            return
        self._poll()
        report = self.report()
        self._check_limits(report)
        self._recorder.note(report)
        if now_s - self._told_s >= HEARTBEAT_S or _moved(self._told, report):
            self.tell(report)
            self.ring()
            self._told, self._told_s = report, now_s

    def _poll(self) -> None:
        if self.session is not None and self.phase is Phase.EXECUTING:
            vitals = self.session.poll()
            self._fraction = vitals.fraction
            if self._stages is None:  # before its first fraction is told
                self._stages = self.session.stages()
            if vitals.spill_bytes is not None:
                self._spill_bytes = vitals.spill_bytes

    def _check_limits(self, report: Report) -> None:
        error = self._broken(report)
        if error is not None:
            self._on_breach(error, report)

    def _broken(self, report: Report) -> JobError | None:
        """Which limit the attempt is beyond, if any."""
        memory = self._spec.memory_bytes
        if report.memory_bytes > RSS_FACTOR * memory + 256 * 2**20:
            return JobError(
                code="memory_limit",
                message=f"The query was stopped at {report.memory_bytes / 2**20:,.0f} MiB of "
                f"memory; its limit is {memory / 2**20:,.0f} MiB.",
                hint="Raise the job's memory limit, or let the query keep less at once.",
            )
        # DuckDB keeps to its own bound; the rest is for engines that have none.
        spill = self._spec.spill_bytes
        if report.spill_bytes > spill + SPILL_SLACK:
            return JobError(
                code="spill_limit",
                message=f"The query was stopped at {report.spill_bytes / 2**20:,.0f} MiB of disk "
                f"to spill to; its limit is {spill / 2**20:,.0f} MiB.",
                hint="Let the query keep less at once: fewer columns, a filter, a smaller sort.",
            )
        run_s = self._spec.run_s
        if run_s is not None and report.elapsed_s > run_s:
            return JobError(
                code="time_limit",
                message=f"The query was stopped after its time limit of {run_s:g} s.",
                hint="Raise the job's time limit, or ask for less.",
            )
        return None


def _io_bytes(process: psutil.Process) -> int:
    """What a process has read and written, from and to anything; 0 where nobody counts."""
    try:
        counters = process.io_counters()
    except (AttributeError, psutil.Error, OSError):  # macOS; a jail
        return 0
    told: int = counters.read_chars + counters.write_chars if _LINUX else sum(counters[2:4])
    return told


def _moved(old: Report | None, new: Report) -> bool:
    return old is None or (old.phase, old.fraction, old.rows, old.kind, old.statement) != (
        new.phase,
        new.fraction,
        new.rows,
        new.kind,
        new.statement,
    )
