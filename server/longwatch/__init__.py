"""Longwatch launches long queries and watches them finish.

    import longwatch

    with longwatch.connect() as client:
        job = client.submit("select 42")
        print(job.result().fetchall())

Importing it costs next to nothing: each name is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    __version__: str
    from longwatch.client.address import Address
    from longwatch.client.api import AsyncClient
    from longwatch.client.errors import (
        ApiError,
        JobCancelled,
        JobEnded,
        JobFailed,
        JobLost,
        LongwatchClientError,
        ServerUnreachable,
        WaitTimeout,
    )
    from longwatch.client.feed import FeedFollower
    from longwatch.client.result import Result
    from longwatch.client.sync import Client, JobHandle
    from longwatch.connecting import connect
    from longwatch.protocol.jobs import Job, JobState, Phase, Progress

__all__ = [
    "Address",
    "ApiError",
    "AsyncClient",
    "Client",
    "FeedFollower",
    "Job",
    "JobCancelled",
    "JobEnded",
    "JobFailed",
    "JobHandle",
    "JobLost",
    "JobState",
    "LongwatchClientError",
    "Phase",
    "Progress",
    "Result",
    "ServerUnreachable",
    "WaitTimeout",
    "__version__",
    "connect",
]

_HOMES = {
    "Address": "longwatch.client.address",
    "ApiError": "longwatch.client.errors",
    "AsyncClient": "longwatch.client.api",
    "Client": "longwatch.client.sync",
    "FeedFollower": "longwatch.client.feed",
    "Job": "longwatch.protocol.jobs",
    "JobCancelled": "longwatch.client.errors",
    "JobEnded": "longwatch.client.errors",
    "JobFailed": "longwatch.client.errors",
    "JobHandle": "longwatch.client.sync",
    "JobLost": "longwatch.client.errors",
    "JobState": "longwatch.protocol.jobs",
    "LongwatchClientError": "longwatch.client.errors",
    "Phase": "longwatch.protocol.jobs",
    "Progress": "longwatch.protocol.jobs",
    "Result": "longwatch.client.result",
    "ServerUnreachable": "longwatch.client.errors",
    "WaitTimeout": "longwatch.client.errors",
    "connect": "longwatch.connecting",
}


def __getattr__(name: str) -> object:
    """Load a public name from its home (PEP 562). Raises `AttributeError` for any other."""
    if name == "__version__":
        from longwatch.version import version  # noqa: PLC0415 - reads the package's metadata

        return version()
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - only a first use pays for it

    value: object = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
