"""Between job records and table rows. Times are kept as microseconds since 1970, UTC; nested
records as JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from longwatch.protocol.jobs import (
    Job,
    JobError,
    JobState,
    JobSummary,
    Limits,
    Phase,
    Progress,
    ResultInfo,
    ResultSummary,
    StatementKind,
)
from longwatch.protocol.parameters import Parameter

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_encode = msgspec.json.Encoder().encode
read_limits = msgspec.json.Decoder(Limits).decode
_read_parameters = msgspec.json.Decoder(dict[str, Parameter]).decode
_read_progress = msgspec.json.Decoder(Progress).decode
_read_error = msgspec.json.Decoder(JobError).decode
read_result = msgspec.json.Decoder(ResultInfo).decode
_read_result_summary = msgspec.json.Decoder(ResultSummary).decode
_NO_PROGRESS = Progress()


def to_us(moment: datetime | None) -> int | None:
    """Microseconds since 1970 of an aware `moment`."""
    return None if moment is None else (moment - _EPOCH) // _MICROSECOND


def from_us(us: int | None) -> datetime | None:
    """The moment `us` microseconds after 1970."""
    return None if us is None else _EPOCH + timedelta(microseconds=us)


def to_row(job: Job) -> dict[str, Any]:
    """The columns of `jobs` for `job`, but for `n`."""
    return {
        "id": job.id,
        "name": job.name,
        "preview": job.preview,
        "sql": job.sql,
        "source": job.source,
        "owner": job.owner,
        "state": job.state.value,
        "kind": job.kind.value if job.kind else None,
        "priority": job.priority,
        "attempt": job.attempt,
        "submitted_us": to_us(job.submitted_at),
        "started_us": to_us(job.started_at),
        "finished_us": to_us(job.finished_at),
        "cancel_requested_us": to_us(job.cancel_requested_at),
        "cancel_confirmed": job.cancel_confirmed,
        "limits": _encode(job.limits),
        "progress": _encode(job.progress),
        "error": write_error(job.error),
        "result": _encode(job.result) if job.result else None,
        "parameters": _encode(job.parameters) if job.parameters else None,
        "retry_of": job.retry_of,
        "worker": job.worker,
        "task_id": job.task_id,
        "seq": job.seq,
    }


def to_job(row: Any) -> Job:
    """The job in a whole row of `jobs`."""
    return Job(
        **_common_fields(row),
        result=read_result(row.result) if row.result else None,
        sql=row.sql,
        limits=read_limits(row.limits),
        parameters=_read_parameters(row.parameters) if row.parameters else {},
        retry_of=row.retry_of,
        worker=row.worker,
        task_id=row.task_id,
    )


def to_summary(row: Any) -> JobSummary:
    """The job in a row of `jobs` that may lack `sql`, `limits`, `parameters` and `retry_of`."""
    return JobSummary(
        **_common_fields(row),
        result=_read_result_summary(row.result) if row.result else None,
    )


def write_error(error: JobError | None) -> bytes | None:
    """The column for an error."""
    return None if error is None else _encode(error)


def read_error(column: bytes | None) -> JobError | None:
    """The error in such a column."""
    return None if column is None else _read_error(column)


def initial_phase(state: JobState) -> Phase | None:
    """The phase of a job that nobody has heard of since it came into `state`."""
    return Phase.STARTING if state is JobState.RUNNING else None


def _common_fields(row: Any) -> dict[str, Any]:
    state = JobState(row.state)
    return {
        "id": row.id,
        "name": row.name,
        "preview": row.preview,
        "source": row.source,
        "owner": row.owner,
        "state": state,
        "phase": initial_phase(state),
        "kind": StatementKind(row.kind) if row.kind else None,
        "priority": row.priority,
        "attempt": row.attempt,
        "submitted_at": from_us(row.submitted_us),
        "started_at": from_us(row.started_us),
        "finished_at": from_us(row.finished_us),
        "cancel_requested_at": from_us(row.cancel_requested_us),
        "cancel_confirmed": row.cancel_confirmed,
        "progress": _read_progress(row.progress) if row.progress else _NO_PROGRESS,
        "error": read_error(row.error),
        "seq": row.seq,
    }
