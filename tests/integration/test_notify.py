"""Word of a job's end: to the places the settings name, after the commit, until it is taken."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from datetime import UTC, datetime
from email import message_from_string
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any

import pytest

from longwatch.client.errors import BadRequest
from longwatch.client.sync import Client, JobHandle
from longwatch.host import StartFailed
from longwatch.notify.targets import Targets
from longwatch.protocol.jobs import Submission
from longwatch.service.notifying import Notifier
from longwatch.store import history
from support.postgres_stores import databases, url_of
from support.servers import Backend, backend, serving
from support.sinks import Sink, mailbox, sink
from support.waiting import eventually, wait_until

# What Apprise still imports on Python 3.11 and 3.12.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

CANARY = "canary-90cd"


def events(job: JobHandle) -> list[str]:
    return [one.event for one in job.events()]


def webhook(place: Sink) -> str:
    return f"json://ada:{CANARY}@127.0.0.1:{place.port}/jobs"


def told(place: Sink) -> list[dict[str, Any]]:
    return [json.loads(one.body) for one in place.taken]


def test_a_webhook_and_a_mail(tmp_path: Path) -> None:
    with sink() as place, mailbox() as (port, mails):
        mail = f"mailto://127.0.0.1:{port}?from=longwatch@here.example&to=ada@there.example"
        targets = {"ops": webhook(place), "ada": f"{mail}&mode=insecure"}
        with (
            serving(tmp_path, notify_targets=targets, warm_spare=False) as (_, address),
            Client(address) as client,
        ):
            good = client.submit(
                "SELECT 42 AS answer", name="The answer", notify=["ops", "ada", "ops"]
            )
            again = client.submit("SELECT 1", name="Again", notify=["ops"])
            assert again.wait(30).state.value == "succeeded"
            assert again.retry().wait(30).notify == ("ops",)
            quiet = client.submit("SELECT 1")
            bad = client.submit("SELEC", name="A mistake", notify=["ops"])
            wait_until(lambda: events(good).count("notified") == 2)
            wait_until(lambda: "notified" in events(bad))
            assert quiet.wait(30).notify == ()
            assert good.status().notify == ("ops", "ada")
            assert [event for event in events(quiet) if event.startswith("notif")] == []
    titles = {one["title"]: one for one in told(place)}
    assert set(titles) >= {"Done: The answer", "Failed: A mistake"}
    done = titles["Done: The answer"]
    assert done["type"] == "success"
    assert "Rows: 1" in done["message"]
    assert f"Job: {good.id}" in done["message"]
    assert "SELECT" not in done["message"]
    assert "Why: " in titles["Failed: A mistake"]["message"]
    subject = message_from_string(mails[0])["subject"]
    assert str(make_header(decode_header(subject))) == "Done: The answer"
    for log in tmp_path.rglob("*.log"):
        assert CANARY not in log.read_text("utf-8")


def test_only_names_can_be_given(tmp_path: Path) -> None:
    with (
        sink() as place,
        serving(tmp_path, notify_targets={"ops": webhook(place)}, warm_spare=False) as (_, address),
        Client(address) as client,
    ):
        for name in ("nobody", f"json://127.0.0.1:{place.port}/elsewhere"):
            with pytest.raises(BadRequest, match=r"tells nobody .* Those there are: ops\."):
                client.submit("SELECT 1", notify=[name])
    assert place.taken == []


@pytest.mark.parametrize(
    ("targets", "words"),
    [
        ({"ops": f"nothing-like-it://{CANARY}"}, "the address of 'ops' is none"),
        ({"o:s": "json://127.0.0.1"}, "'o:s' is no name"),
    ],
)
def test_targets_that_cannot_be_used_end_the_start(
    tmp_path: Path, targets: dict[str, str], words: str
) -> None:
    with (
        pytest.raises(StartFailed, match=words) as caught,
        serving(tmp_path, notify_targets=targets),
    ):
        pass
    assert CANARY not in str(caught.value)


def test_targets_without_the_extra_end_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    targets = {"ops": "json://127.0.0.1"}
    with (
        pytest.raises(StartFailed, match=r"pip install 'longwatch\[notify\]'"),
        serving(tmp_path, notify_targets=targets),
    ):
        pass


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
async def test_it_is_tried_again_and_given_up_and_nobody_waits(tmp_path: Path, kind: str) -> None:
    store: dict[str, Any] = {}
    if kind == "postgresql":
        store = {"store": url_of(await asyncio.to_thread(databases.new))}
    with sink() as place:
        addresses = {"ops": webhook(place)}
        async with backend(tmp_path, notify_targets=addresses, **store) as given:
            notifier = Notifier(
                given.store,
                Targets(addresses),
                given.parts.log,
                lambda: datetime.now(UTC),
                delays_s=(0.01, 0.01),
            )
            given.listeners.append(notifier.changed)
            await notifier.start()
            place.statuses += [500, 503]
            late = await ended(given)
            await eventually(lambda: said(given, late, "notified"))
            assert await story(given, late) == ["notify_delayed", "notified"]
            place.statuses += [500] * 3
            never = await ended(given)
            await eventually(lambda: said(given, never, "notify_failed"))
            assert await story(given, never) == ["notify_delayed", "notify_failed"]
            await notifier.stop()
    assert len(place.taken) == 6


def test_what_was_not_sent_goes_out_at_the_next_start(tmp_path: Path) -> None:
    with sink() as place:
        place.statuses += [500] * 2
        settings: dict[str, Any] = {"notify_targets": {"ops": webhook(place)}, "warm_spare": False}
        with serving(tmp_path, **settings) as (_, address), Client(address) as client:
            job = client.submit("SELECT 1", name="Late", notify=["ops"])
            wait_until(lambda: "notify_delayed" in events(job))
        with serving(tmp_path, **settings) as (_, address), Client(address) as client:
            again = client.job(job.id)
            wait_until(lambda: "notified" in events(again))
            assert again.status().state.value == "succeeded"
        assert told(place)[-1]["title"] == "Done: Late"


def test_who_does_not_answer_does_not_hold_up_a_stop(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        targets = {"ops": f"json://127.0.0.1:{deaf.getsockname()[1]}/?rto=60"}
        with (
            serving(tmp_path, notify_targets=targets, warm_spare=False) as (_, address),
            Client(address) as client,
        ):
            client.submit("SELECT 1", notify=["ops"]).wait(30)
            connection, _ = deaf.accept()
        connection.close()


async def ended(given: Backend) -> str:
    job = await given.service.submit(Submission(sql="SELECT 1", notify=("ops",)), "ada")
    await eventually(lambda: (job.id, 1) in given.executor.open)
    await given.executor.end(job.id)
    return job.id


async def story(given: Backend, job_id: str) -> list[str]:
    lines = await given.store.run(history.story, job_id)
    return [one.event for one in lines if one.event.startswith("notif")]


async def said(given: Backend, job_id: str, event: str) -> bool:
    return event in await story(given, job_id)
