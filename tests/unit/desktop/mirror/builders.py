"""Jobs and frames for these tests, without a server."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from longwatch.protocol.frames import Delta, ProgressFrame, Snapshot
from longwatch.protocol.jobs import JobState, JobSummary, Phase, Progress

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """That many seconds after the time at which these tests begin."""
    return START + timedelta(seconds=seconds)


def job(job_id: str = "a", state: JobState = JobState.QUEUED, **changes: Any) -> JobSummary:
    """A job; times fit its state unless given."""
    ran = state is not JobState.QUEUED
    fields: dict[str, Any] = {
        "id": job_id,
        "name": f"Job {job_id}",
        "preview": "SELECT 42",
        "source": "flights",
        "owner": "ann",
        "state": state,
        "phase": Phase.EXECUTING if state is JobState.RUNNING else None,
        "progress": Progress(),
        "kind": None,
        "priority": 0,
        "attempt": 1 if ran else 0,
        "submitted_at": START,
        "started_at": at(1) if ran else None,
        "finished_at": at(61) if state.is_final else None,
        "cancel_requested_at": None,
        "cancel_confirmed": None,
        "error": None,
        "result": None,
        "seq": 1,
    }
    return JobSummary(**{**fields, **changes})


def running(job_id: str = "a", **changes: Any) -> JobSummary:
    """A running job."""
    return job(job_id, JobState.RUNNING, **changes)


def snapshot(jobs: Sequence[JobSummary], seq: int = 100) -> Snapshot:
    """A snapshot in one chunk."""
    return Snapshot(jobs=list(jobs), offset=0, total=len(jobs), seq=seq, more=False)


def chunks(jobs: Sequence[JobSummary], size: int, seq: int = 100) -> list[Snapshot]:
    """A snapshot in chunks of `size`."""
    return [
        Snapshot(
            jobs=list(jobs[offset : offset + size]),
            offset=offset,
            total=len(jobs),
            seq=seq,
            more=offset + size < len(jobs),
        )
        for offset in range(0, len(jobs), size)
    ]


def delta(
    to: int, changed: Iterable[JobSummary] = (), removed: Iterable[str] = (), from_: int = 100
) -> Delta:
    """A delta up to `to`."""
    return Delta(from_=from_, to=to, changed=list(changed), removed=list(removed))


def told(*reports: tuple[str, int, Phase, Progress], tick: int = 1) -> ProgressFrame:
    """A progress frame of (id, attempt, phase, progress)."""
    progress = [report[3] for report in reports]
    return ProgressFrame(
        tick=tick,
        ids=[report[0] for report in reports],
        attempts=[report[1] for report in reports],
        phases=[report[2] for report in reports],
        fractions=[one.fraction for one in progress],
        bases=[one.basis for one in progress],
        rows=[one.rows for one in progress],
        bytes=[one.bytes for one in progress],
        memory_bytes=[one.memory_bytes for one in progress],
        spill_bytes=[one.spill_bytes for one in progress],
        eta_low_s=[one.eta_low_s for one in progress],
        eta_high_s=[one.eta_high_s for one in progress],
        stalled_s=[one.stalled_s for one in progress],
        activities=[one.activity for one in progress],
        statement=[one.statement for one in progress],
        statements=[one.statements for one in progress],
    )


def reported(job_id: str, attempt: int = 1, phase: Phase = Phase.EXECUTING, **of: Any) -> Any:
    """One report for `told`: fields of `Progress` by name."""
    return job_id, attempt, phase, Progress(**of)
