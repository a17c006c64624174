"""Which jobs are meant, as a query of an address. Moments without a time zone are local time."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from longwatch.protocol.jobs import JobFilter


def aware(which: JobFilter) -> JobFilter:
    """The filter with its moments in UTC."""
    return msgspec.structs.replace(
        which,
        submitted_after=_utc(which.submitted_after),
        submitted_before=_utc(which.submitted_before),
    )


def in_address(which: JobFilter) -> dict[str, str | list[str]]:
    """The filter as the parameters of a list."""
    given = msgspec.to_builtins(aware(which))
    return {name: value for name, value in given.items() if value}


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)
