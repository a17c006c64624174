"""What is kept of running jobs, and the phases that are made of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from msgspec.structs import replace

from longwatch.protocol.jobs import JobState, JobSummary, Phase, Progress
from longwatch_desktop.results.timeline import UNSEEN, Span, shade, spans
from longwatch_desktop.results.watching import MOST_SAMPLES, Track
from longwatch_desktop.theme import LIGHT
from longwatch_desktop.translation import plain, translate_by

SUBMITTED = datetime(2026, 11, 1, 12, tzinfo=UTC)
STARTED = SUBMITTED + timedelta(seconds=3)


def job(**changes: Any) -> JobSummary:
    given = JobSummary(
        id="a", name="n", preview="", source="s", owner="o", state=JobState.RUNNING,
        phase=Phase.STARTING, progress=Progress(), kind=None, priority=0, attempt=1,
        submitted_at=SUBMITTED, started_at=STARTED, finished_at=None, cancel_requested_at=None,
        cancel_confirmed=None, error=None, result=None, seq=1,
    )  # fmt: skip
    return replace(given, **changes)


def at(seconds: float) -> datetime:
    return STARTED + timedelta(seconds=seconds)


def watched(*seen: tuple[float, Phase]) -> Track:
    track = Track(1)
    for seconds, phase in seen:
        track.note(job(phase=phase), at(seconds))
    return track


def test_phases_have_the_time_between_them() -> None:
    track = watched((0.1, Phase.STARTING), (0.5, Phase.PLANNING), (1.0, Phase.EXECUTING))
    found = spans(job(phase=Phase.EXECUTING), track, at(61))
    assert [span.name for span in found] == ["queued", "starting", "planning", "executing"]
    assert [round(span.seconds, 3) for span in found] == [3, 0.5, 0.5, 60]
    assert found[-1].text == "executing 1:00"
    assert found[1].text == "starting 0.5 s"


def test_a_phase_has_its_name_in_the_language_and_keeps_its_shade() -> None:
    track = watched((0.1, Phase.PLANNING), (1.0, Phase.EXECUTING))
    translate_by(lambda text, _comment, _n: text[::-1], ".", ",")
    try:
        found = spans(job(phase=Phase.EXECUTING), track, at(3))
        assert [span.text for span in found] == [
            "deueuq 3,0 s",
            "gninnalp 1,0 s",
            "gnitucexe 2,0 s",
        ]
        assert shade(found[1].name, LIGHT) != shade(found[2].name, LIGHT)
    finally:
        translate_by(plain)
    assert found[1].text == "planning 1.0 s"


def test_what_nobody_watched_is_said() -> None:
    track = watched((40.0, Phase.EXECUTING), (50.0, Phase.WRITING))
    assert track.missed_s == 40
    found = spans(job(state=JobState.SUCCEEDED, phase=None, finished_at=at(60)), track, at(900))
    assert found == [
        Span("queued", 3), Span(UNSEEN, 40), Span("executing", 10), Span("writing", 10),
    ]  # fmt: skip
    alone = spans(job(state=JobState.FAILED, phase=None, finished_at=at(5)), None, at(900))
    assert alone == [Span("queued", 3), Span("ran", 5)]


def test_a_job_that_never_started_only_waited() -> None:
    waiting = job(state=JobState.QUEUED, phase=None, started_at=None)
    assert spans(waiting, None, SUBMITTED + timedelta(seconds=9)) == [Span("queued", 9)]


def test_a_long_run_is_kept_short() -> None:
    track = Track(1)
    for tick in range(20_000):
        progress = Progress(fraction=tick / 20_000, memory_bytes=tick)
        track.note(job(phase=Phase.EXECUTING, progress=progress), at(tick / 10))
    assert MOST_SAMPLES / 4 < len(track.samples) <= MOST_SAMPLES
    times = [sample.at_s for sample in track.samples]
    assert times == sorted(times)
    assert times[0] == 0
    assert times[-1] > 1_900, "the newest are there"
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert max(gaps) < 60, "no hole in the curve"
