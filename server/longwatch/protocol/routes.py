"""Paths, headers and sizes that client and server must agree on."""

from __future__ import annotations

from typing import Final

API: Final = "/v1"
JOBS: Final = "/v1/jobs"
JOB: Final = "/v1/jobs/{job_id}"
JOB_CANCEL: Final = "/v1/jobs/{job_id}/cancel"
JOB_RESULT: Final = "/v1/jobs/{job_id}/result"
JOB_RESULT_PAGE: Final = "/v1/jobs/{job_id}/result/page"
JOB_LOG: Final = "/v1/jobs/{job_id}/log"
SOURCES: Final = "/v1/sources"
SAVED_QUERIES: Final = "/v1/saved-queries"
BACKUPS: Final = "/v1/backups"
FEED: Final = "/v1/feed"
HEALTH_LIVE: Final = "/v1/health/live"
HEALTH_READY: Final = "/v1/health/ready"

ARROW_STREAM: Final = "application/vnd.apache.arrow.stream"
"""Media type of a page as an Arrow IPC stream (IANA registration of 2021)."""

TOTAL_ROWS_HEADER: Final = "Longwatch-Total-Rows"
COMPLETE_HEADER: Final = "Longwatch-Complete"
REQUEST_ID_HEADER: Final = "X-Request-ID"

MAX_BODY_BYTES: Final = 4 * 2**20
MAX_LIST_PAGE: Final = 500
MAX_RESULT_PAGE: Final = 100_000
BACKUPS_FOLDER: Final = "backups"
"""In the data folder: where a server puts copies of its store."""
SERVER_FILE: Final = "server.json"
"""In the data folder, mode 0600, while a server runs there: JSON `url`, `token`, `pid`."""


def job(job_id: str) -> str:
    """The path of one job."""
    return JOB.format(job_id=job_id)
