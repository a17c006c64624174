"""Sentences of the window that are made without one."""

from __future__ import annotations

import time

import pytest

from longwatch.client.address import Address
from longwatch.protocol.jobs import Activity, JobState, Progress, ProgressBasis
from longwatch_desktop.jobs.columns import BY_ID, COLUMNS, explain_progress
from longwatch_desktop.jobs.filter_bar import narrowed
from longwatch_desktop.mirror.query import JobFilter
from longwatch_desktop.servers.status import counts_text, sentence
from longwatch_desktop.session import Health, Link, Session
from unit.desktop.mirror.builders import job, running


def test_columns_have_ids_of_their_own_and_explain_themselves() -> None:
    assert len(BY_ID) == len(COLUMNS)
    for column in COLUMNS:
        assert column.title
        assert column.explains
        assert COLUMNS[BY_ID[column.id]] is column
    assert COLUMNS[BY_ID["name"]].shown


@pytest.mark.parametrize(
    ("progress", "expected"),
    [
        (Progress(fraction=0.5, basis=ProgressBasis.MEASURED), "By what the engine measures"),
        (Progress(fraction=0.5, basis=ProgressBasis.HISTORY), "By earlier runs"),
        (Progress(), "has not reported"),
        (Progress(stalled_s=90.0), "this plan cannot report progress."),
        (Progress(rows=5, stalled_s=90.0), "No news for 1 min."),
        (
            Progress(fraction=0.5, basis=ProgressBasis.BOTH, eta_low_s=40.0, eta_high_s=70.0),
            "right in 8 of 10 cases",
        ),
        (Progress(stalled_s=90.0, activity=Activity.WORKING), "at work, but this plan"),
        (Progress(rows=5, stalled_s=90.0, activity=Activity.WORKING), "the engine is at work"),
        (Progress(stalled_s=90.0, activity=Activity.WAITING), "waits for the database"),
        (Progress(rows=5, stalled_s=90.0, activity=Activity.SILENT), "It may hang"),
    ],
)
def test_what_a_fraction_rests_on(progress: Progress, expected: str) -> None:
    assert expected in explain_progress(running(progress=progress))


@pytest.mark.parametrize("state", [state for state in JobState if state is not JobState.RUNNING])
def test_only_running_jobs_have_progress_to_explain(state: JobState) -> None:
    assert explain_progress(job(state=state)) == ""


def test_the_connection_in_words() -> None:
    session = Session()
    now_s = time.monotonic()

    def told(health: Health) -> str:
        return sentence(health, session, now_s)

    assert told(Health(Link.STARTING, now_s)).startswith("Starting the server")
    assert told(Health(Link.FAILED, now_s, "gone")) == "No server"
    session._address = Address("http://127.0.0.1:4711", "t")
    assert told(Health(Link.CONNECTED, now_s)) == "Connected · 127.0.0.1:4711"
    down = Health(Link.RECONNECTING, now_s - 65, "It went away.", now_s + 4.2)
    assert told(down) == (
        "No connection for 1:05 · next try in 4 s (click to try now) · It went away."
    )
    late = Health(Link.RECONNECTING, now_s - 2, "It went away.", now_s - 1)
    assert "trying now" in told(late)


def test_counts() -> None:
    assert counts_text({}) == "0 running, 0 queued"
    assert counts_text({JobState.RUNNING: 3, JobState.QUEUED: 1_005}) == "3 running, 1,005 queued"


def test_a_chip_narrows_what_the_box_says() -> None:
    failed = frozenset({JobState.FAILED, JobState.LOST})
    assert narrowed(JobFilter(), None) == JobFilter()
    assert narrowed(JobFilter(words=("a",)), failed) == JobFilter(words=("a",), states=failed)
    both = JobFilter(states=frozenset({JobState.FAILED, JobState.RUNNING}))
    assert narrowed(both, failed) == JobFilter(states=frozenset({JobState.FAILED}))
