"""One request about many jobs, in batches that leave room for others."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from longwatch.jobs.errors import JobsError
from longwatch.protocol.jobs import Job
from longwatch.store import repository
from longwatch.store.errors import StoreError
from longwatch.store.store import Store
from longwatch.store.writer import Transaction

BATCH: Final = 25
"""Jobs a store operation: 10 ms, which is what another request waits for at most."""


@dataclass(frozen=True, slots=True)
class Handled:
    """What came of one job: its form after (or the one made of it), or why nothing was done.
    `owner` is whose it was, where it was found."""

    job_id: str
    job: Job | None
    error: JobsError | StoreError | None
    owner: str = ""


Check = Callable[[str, str], None]


def anybody(_job_id: str, _owner: str) -> None:
    """Whoever's job it is."""


async def each(
    store: Store, job_ids: Sequence[str], act: Callable[[Transaction, str], Job], check: Check
) -> AsyncIterator[list[Handled]]:
    """Act on every job, and yield what came of each batch once it is on disk.

    `check` and `act` raise `JobsError` before anything is written, or not at all. What is wrong
    with the store is what came of the batch and of all after it: those before it are done, and
    stay so.
    """
    for start in range(0, len(job_ids), BATCH):
        batch = job_ids[start : start + BATCH]
        try:
            done = await store.run(_together, batch, act, check)
        except StoreError as error:
            yield [Handled(job_id, None, error) for job_id in job_ids[start:]]
            return
        yield done


def _together(
    tx: Transaction,
    job_ids: Sequence[str],
    act: Callable[[Transaction, str], Job],
    check: Check,
) -> list[Handled]:
    return [_one(tx, job_id, act, check) for job_id in job_ids]


def _one(
    tx: Transaction, job_id: str, act: Callable[[Transaction, str], Job], check: Check
) -> Handled:
    try:
        owner = repository.owner_of(tx, job_id)
        check(job_id, owner)
        return Handled(job_id, act(tx, job_id), None, owner)
    except JobsError as error:
        return Handled(job_id, None, error)
