"""The overview of jobs that were over within a moment: figures that agree with each other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QLabel

from longwatch.protocol.jobs import JobState, Progress, ProgressBasis
from longwatch_desktop.jobs.columns import BY_ID, COLUMNS, Context
from longwatch_desktop.results.curve import Curve, ends
from longwatch_desktop.results.overview import Overview
from longwatch_desktop.results.watching import Track
from longwatch_desktop.theme import Theme
from unit.desktop.mirror.builders import at, job, running

NEARLY = Progress(fraction=0.91, basis=ProgressBasis.MEASURED)


@pytest.fixture
def overview(theme: Theme) -> Iterator[Overview]:
    made = Overview(theme)
    made.resize(900, 600)
    made.show()
    yield made
    made.close()


def watched() -> Track:
    track = Track(1)
    for second, fraction in ((1.2, 0.3), (1.5, 0.91)):
        track.note(running(progress=Progress(fraction=fraction)), at(second))
    return track


def curve(overview: Overview) -> Curve:
    return next(one for one in overview.findChildren(Curve) if one._title == "Progress")


def test_a_job_that_is_done_is_done_in_full(overview: Overview) -> None:
    done = job(state=JobState.SUCCEEDED, progress=NEARLY, finished_at=at(1.6))
    overview.show_job(done, {}, at(60), watched())
    at_s, fraction = curve(overview)._points[-1]
    assert (round(at_s, 3), fraction) == (0.6, 1.0)
    assert curve(overview).accessibleName() == "Progress over time, 100 % at most"
    failed = job(state=JobState.FAILED, progress=NEARLY, finished_at=at(1.6))
    overview.show_job(failed, {}, at(60), watched())
    assert curve(overview).accessibleName() == "Progress over time, 91 % at most"


def test_short_times_are_told_by_tenths_everywhere(overview: Overview) -> None:
    done = job(state=JobState.SUCCEEDED, finished_at=at(1.6))
    overview.show_job(done, {}, at(60), watched())
    said = [label.text() for label in overview.findChildren(QLabel) if label.isVisible()]
    assert "Done in 0.6 s." in said
    assert said[said.index("Elapsed") + 1] == "0.6 s"
    elapsed = COLUMNS[BY_ID["elapsed"]].text
    assert elapsed(done, Context(at(60))) == "0.6 s"
    assert elapsed(running(), Context(at(1.6))) == "0:00", "tenths would flicker"
    assert ends(0.6) == ("0 s", "0.6 s")
    assert ends(72.0) == ("0:00", "1:12")
