"""What a server may do and say, for Hypothesis to choose from."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import strategies as st
from msgspec import structs

from longwatch.protocol.frames import Delta
from longwatch.protocol.jobs import Activity, JobState, JobSummary, Progress, ProgressBasis
from longwatch_desktop.mirror.query import JobFilter
from unit.desktop.mirror.builders import delta

FEW = st.integers(0, 3)
NAMES = st.sampled_from(["Delays", "delays", "Cohorts", "Straße", "zz top"])
SOURCES = st.sampled_from(["flights", "Flights", "warehouse"])
OWNERS = st.sampled_from(["ann", "joanna", "bob"])
DURATIONS = st.none() | st.sampled_from([0.0, 2.5, 10.0, 60.0])


@st.composite
def progresses(draw: st.DrawFn) -> Progress:
    fraction = draw(st.none() | st.sampled_from([0.0, 0.25, 0.5, 0.99]))
    low = draw(st.none() | st.sampled_from([1.0, 5.5]))
    return Progress(
        fraction=fraction,
        basis=ProgressBasis.NONE if fraction is None else draw(st.sampled_from(ProgressBasis)),
        rows=draw(st.sampled_from([0, 10, 2**53])),
        bytes=draw(FEW),
        memory_bytes=draw(FEW) * 10**9,
        spill_bytes=draw(FEW),
        eta_low_s=low,
        eta_high_s=None if low is None else low + draw(FEW),
        stalled_s=draw(st.sampled_from([0.0, 3.5])),
        activity=draw(st.sampled_from(Activity)),
        statement=draw(FEW),
        statements=3,
    )


@st.composite
def filters(draw: st.DrawFn) -> JobFilter:
    some = st.lists(st.sampled_from(["de", "DELAYS", "ss", "qq", "ann", "select"]), max_size=2)
    names = st.lists(st.sampled_from(["FLIGHTS", "ann", "*ann*", "ware*", "x"]), max_size=1)
    return JobFilter(
        states=draw(st.none() | st.frozensets(st.sampled_from(JobState))),
        source=tuple(draw(names)),
        not_owner=tuple(draw(names)),
        words=tuple(draw(some)),
        without=tuple(draw(some)) if draw(st.booleans()) else (),
        older_s=draw(DURATIONS) if draw(st.booleans()) else None,
        newer_s=draw(DURATIONS) if draw(st.booleans()) else None,
        longer_s=draw(DURATIONS) if draw(st.booleans()) else None,
        shorter_s=draw(DURATIONS) if draw(st.booleans()) else None,
    )


@dataclass
class Server:
    """A server's store, as far as its feed shows it."""

    seq: int = 0
    made: int = 0
    jobs: dict[str, JobSummary] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)

    def put(self, new: JobSummary) -> None:
        self.seq += 1
        self.jobs[new.id] = structs.replace(new, seq=self.seq)

    def remove(self, job_id: str) -> None:
        self.seq += 1
        del self.jobs[job_id]
        self.removed[job_id] = self.seq

    def since(self, seq: int) -> Delta:
        return delta(
            self.seq,
            [one for one in self.jobs.values() if one.seq > seq],
            [job_id for job_id, at_seq in self.removed.items() if at_seq > seq],
            from_=seq,
        )

    def copy(self) -> Server:
        return Server(self.seq, self.made, dict(self.jobs), dict(self.removed))
