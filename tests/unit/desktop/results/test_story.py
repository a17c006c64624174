"""What became of word of a job's end, as its story tells it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from longwatch.protocol.history import StoryLine
from longwatch.protocol.jobs import JobState
from longwatch_desktop.results.story import is_late, is_word_out, words_of

THEN = datetime(2026, 11, 28, 12, tzinfo=UTC)


def line(number: int, event: str, detail: str | None = None) -> StoryLine:
    return StoryLine(seq=number, event=event, attempt=1, at=THEN, detail=detail)


def test_each_is_told_of_by_the_last_that_happened() -> None:
    story = [
        line(1, "submitted"),
        line(2, "succeeded"),
        line(3, "notify_delayed", "ops: not taken; it is tried again"),
        line(4, "notify_failed", "old: the server's settings do not name it any more"),
        line(5, "notified", "ops"),
    ]
    names = ("ops", "old", "slow")
    said = dict(words_of(names, JobState.SUCCEEDED, story, THEN))
    assert said["ops"].startswith("was told at ")
    assert said["old"] == "was not told: the server's settings do not name it any more"
    assert said["slow"] == "on its way"
    assert not is_word_out(names, story)
    assert is_word_out(names[:2], story)
    later = THEN + timedelta(days=2)
    assert is_late(story, later)
    assert dict(words_of(names, JobState.SUCCEEDED, story, later))["slow"] == (
        "was not told within a day"
    )
    (queued,) = words_of(("ops",), JobState.QUEUED, story[:1], THEN)
    assert queued == ("ops", "when the job is over")
