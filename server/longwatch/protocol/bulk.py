"""One request about many jobs."""

from __future__ import annotations

import enum
from typing import Annotated

from msgspec import Meta

from longwatch.protocol.jobs import JobFilter
from longwatch.protocol.routes import MAX_BULK
from longwatch.protocol.wire import Wire


class BulkAction(enum.StrEnum):
    """What to do to each of the jobs."""

    CANCEL = "cancel"
    RETRY = "retry"
    DELETE = "delete"


class BulkRequest(Wire, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something to do to the jobs of these `ids`, or to those that `filter` finds: one of both.

    A filter means only jobs that the action can be done to: those not yet over for `cancel`, those
    that are over for the others. At most `limit` jobs are acted on, the newest first; `cursor` is
    the `next` of the answer before. With `dry_run` nothing is done.
    """

    action: BulkAction
    ids: Annotated[list[str], Meta(max_length=MAX_BULK)] | None = None
    filter: JobFilter | None = None
    dry_run: bool = False
    limit: Annotated[int, Meta(ge=1, le=MAX_BULK)] = MAX_BULK
    cursor: Annotated[str, Meta(max_length=100)] | None = None


class BulkItem(Wire, frozen=True, kw_only=True):
    """What came of one job. `code` and `detail` are a problem's, of one that is not `ok`;
    `retried_as` is the id of the new job of a retry."""

    id: str
    ok: bool
    code: str | None = None
    detail: str | None = None
    retried_as: str | None = None


class BulkResult(Wire, frozen=True, kw_only=True):
    """What came of a bulk request, job by job.

    `matched` counts every job that was meant; it is more than `items` where `limit` cut them
    short, and `next` is then the cursor to go on with.
    """

    action: BulkAction
    dry_run: bool
    matched: int
    succeeded: int
    failed: int
    items: list[BulkItem]
    next: str | None
