"""What servers on one store tell each other of progress."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from longwatch.protocol.jobs import Phase, Progress, ProgressBasis
from longwatch.service.team import Told, payloads
from longwatch.store.postgres.listening import MOST_BYTES

PROGRESS = Progress(
    fraction=0.123456789,
    basis=ProgressBasis.MEASURED,
    rows=2**53,
    bytes=2**53,
    memory_bytes=2**40,
    spill_bytes=2**40,
    eta_low_s=12345.678,
    eta_high_s=123456.789,
    stalled_s=1234.5,
    statement=12,
    statements=34,
)


@given(st.integers(0, 300))
def test_all_is_told_in_parts_that_postgresql_takes(count: int) -> None:
    jobs = [Told(f"{n:016x}", 1, Phase.EXECUTING, PROGRESS) for n in range(count)]
    told = payloads("server", jobs)
    assert all(len(one.encode()) <= MOST_BYTES for one in told)
    read = [job for one in told for job in msgspec.json.decode(one)[1]]
    assert [job[0] for job in read] == [job.job_id for job in jobs]
