"""Paths, headers and sizes that client and server must agree on."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

API: Final = "/v1"
JOBS: Final = "/v1/jobs"
JOBS_BULK: Final = "/v1/jobs/bulk"
JOBS_EXPORT: Final = "/v1/jobs/export"
JOB: Final = "/v1/jobs/{job_id}"
JOB_CANCEL: Final = "/v1/jobs/{job_id}/cancel"
JOB_RETRY: Final = "/v1/jobs/{job_id}/retry"
JOB_EVENTS: Final = "/v1/jobs/{job_id}/events"
JOB_ATTEMPTS: Final = "/v1/jobs/{job_id}/attempts"
JOB_RESULT: Final = "/v1/jobs/{job_id}/result"
JOB_RESULT_PAGE: Final = "/v1/jobs/{job_id}/result/page"
JOB_RESULT_STATISTICS: Final = "/v1/jobs/{job_id}/result/columns/{column:path}/statistics"
"""A column's name may have a slash in it, or be empty."""
JOB_RESULT_SEARCH: Final = "/v1/jobs/{job_id}/result/search"
JOB_RESULT_EXPORT: Final = "/v1/jobs/{job_id}/result/export"
EXPORT: Final = "/v1/exports/{export_id}"
JOB_LOG: Final = "/v1/jobs/{job_id}/log"
SOURCES: Final = "/v1/sources"
SOURCE: Final = "/v1/sources/{name}"
SOURCE_TEST: Final = "/v1/sources/{name}/test"
SOURCE_CATALOGUE: Final = "/v1/sources/{name}/catalogue"
SOURCES_TEST: Final = "/v1/sources/test"
ENGINES: Final = "/v1/engines"
ESTIMATES: Final = "/v1/estimates"
FILES: Final = "/v1/files"
SAVED_QUERIES: Final = "/v1/saved-queries"
SAVED_QUERY: Final = "/v1/saved-queries/{name}"
BACKUPS: Final = "/v1/backups"
TOKENS: Final = "/v1/tokens"
TOKEN: Final = "/v1/tokens/{token_id}"  # noqa: S105 - a path
ME: Final = "/v1/me"
AUDIT: Final = "/v1/audit"
RUNS: Final = "/v1/runs"
RUNS_EXPORT: Final = "/v1/runs/export"
RUN: Final = "/v1/runs/{job_id}"
ACCURACY: Final = "/v1/accuracy"
WORKERS: Final = "/v1/workers"
LIMITS: Final = "/v1/limits"
RETENTION: Final = "/v1/retention"
SWEEPS: Final = "/v1/retention/sweeps"
NOTIFY_TARGETS: Final = "/v1/notify-targets"
WORKER_PRESENCE: Final = "/v1/worker/presence"
WORKER_CLAIMS: Final = "/v1/worker/claims"
WORKER_HEARTBEAT: Final = "/v1/worker/jobs/{job_id}/attempts/{attempt}/heartbeat"
WORKER_SEGMENT: Final = "/v1/worker/jobs/{job_id}/attempts/{attempt}/segments/{file}"
WORKER_INDEX: Final = "/v1/worker/jobs/{job_id}/attempts/{attempt}/index"
WORKER_END: Final = "/v1/worker/jobs/{job_id}/attempts/{attempt}/end"
FEED: Final = "/v1/feed"
CHANGES: Final = "/v1/changes"
HEALTH_LIVE: Final = "/v1/health/live"
HEALTH_READY: Final = "/v1/health/ready"
METRICS: Final = "/v1/metrics"

ARROW_STREAM: Final = "application/vnd.apache.arrow.stream"
"""Media type of a page as an Arrow IPC stream (IANA registration of 2021)."""

TOTAL_ROWS_HEADER: Final = "Longwatch-Total-Rows"
COMPLETE_HEADER: Final = "Longwatch-Complete"
EXPORT_ID_HEADER: Final = "Longwatch-Export-Id"
CLAIM_HEADER: Final = "Longwatch-Claim"
"""The key of a worker's claim, with whatever it says of the attempt."""
RELAYED_HEADER: Final = "Longwatch-Relayed"
"""On a worker's call that one server hands on to another."""
REQUEST_ID_HEADER: Final = "X-Request-ID"
IDEMPOTENCY_KEY_HEADER: Final = "Idempotency-Key"
"""Of a submit: a string in quotes (draft-ietf-httpapi-idempotency-key-header-07, 2.1)."""
IDEMPOTENCY_REPLAYED_HEADER: Final = "Idempotency-Replayed"
"""`true` on an answer that made nothing new: the key had been used for this job before."""
IDEMPOTENCY_EXPIRES_HEADER: Final = "Idempotency-Expires"
"""Until when the key is remembered, as an HTTP date. The draft wants the policy published (2.4)
and leaves open how."""

MAX_BODY_BYTES: Final = 4 * 2**20
MAX_FILE_NAME: Final = 255
MAX_LIST_PAGE: Final = 500
MAX_BULK: Final = 10_000
"""Jobs that one bulk request acts on."""
MAX_KEY_CHARS: Final = 255
MAX_REASON_CHARS: Final = 500
"""Of why a job is cancelled."""
MAX_WAIT_S: Final = 30
"""Seconds that `Prefer: wait` holds an answer back: proxies give up after 60."""
MAX_RESULT_PAGE: Final = 100_000
BACKUPS_FOLDER: Final = "backups"
"""In the data folder: where a server puts copies of its store."""
SERVER_FILE: Final = "server.json"
"""In the data folder, mode 0600, while a server runs there: JSON `url`, `token`, `pid`, and
`certificate` where it speaks TLS."""


def job(job_id: str) -> str:
    """The path of one job."""
    return JOB.format(job_id=job_id)


def statistics(job_id: str, column: str) -> str:
    """The path of a column's statistics."""
    path = JOB_RESULT_STATISTICS.replace("{column:path}", quote(column, safe=""))
    return path.replace("{job_id}", job_id)
