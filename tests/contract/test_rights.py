"""Who may do what: every route and every frame, for everybody there is."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final, get_args

import httpx
import msgspec
import pytest
from fastapi.routing import APIRoute, APIWebSocketRoute
from starlette.routing import BaseRoute
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from longwatch.api.rights import RIGHTS, WEBSOCKET
from longwatch.app import create_app
from longwatch.client.address import Address
from longwatch.client.feed import FeedFollower
from longwatch.client.feed_events import Disconnected
from longwatch.client.sync import Client
from longwatch.protocol import routes
from longwatch.protocol.frames import ClientFrame, ServerFrame, Snapshot
from longwatch.protocol.jobs import JobState
from longwatch.protocol.people import Role
from longwatch.security import attempts
from longwatch.settings import Settings
from support.feeds import feed
from support.people import Team, team
from support.servers import ENDLESS
from support.waiting import eventually, wait_until

ASKERS: Final = ("vera", "otto", "ann", "root")
"""A viewer, another analyst, the analyst whose things they are, an admin."""
MATRIX: Final[dict[tuple[str, str], str]] = {
    # What becomes of each of the askers, where jobs are the team's: y is let in, r has the wrong
    # role, o is refused as it is somebody else's, h does not find it.
    ("POST", routes.JOBS): "ryyy",
    ("GET", routes.JOBS): "yyyy",
    ("GET", routes.RUNS): "ryyy",
    ("GET", routes.RUNS_EXPORT): "ryyy",
    ("GET", routes.RUN): "ryyy",
    ("DELETE", routes.RUNS): "rrry",
    ("GET", routes.ACCURACY): "ryyy",
    ("GET", routes.WORKERS): "yyyy",
    ("GET", routes.LIMITS): "rrry",
    ("GET", routes.RETENTION): "rrry",
    ("POST", routes.SWEEPS): "rrry",
    ("GET", routes.NOTIFY_TARGETS): "ryyy",
    ("GET", routes.JOB): "yyyy",
    ("DELETE", routes.JOB): "royy",
    ("POST", routes.JOB_CANCEL): "royy",
    ("POST", routes.JOB_RETRY): "ryyy",
    ("GET", routes.JOB_EVENTS): "yyyy",
    ("GET", routes.JOB_ATTEMPTS): "yyyy",
    ("GET", routes.JOB_LOG): "yyyy",
    ("POST", routes.JOBS_BULK): "ryyy",
    ("GET", routes.JOBS_EXPORT): "yyyy",
    ("GET", routes.JOB_RESULT): "yyyy",
    ("GET", routes.JOB_RESULT_PAGE): "yyyy",
    ("GET", routes.JOB_RESULT_STATISTICS): "yyyy",
    ("GET", routes.JOB_RESULT_SEARCH): "yyyy",
    ("GET", routes.JOB_RESULT_EXPORT): "royy",
    ("GET", routes.EXPORT): "rhyy",
    ("DELETE", routes.EXPORT): "rhyy",
    ("GET", routes.ENGINES): "yyyy",
    ("GET", routes.SOURCES): "yyyy",
    ("POST", routes.SOURCES): "rrry",
    ("POST", routes.SOURCES_TEST): "rrry",
    ("GET", routes.SOURCE): "yyyy",
    ("PUT", routes.SOURCE): "rrry",
    ("DELETE", routes.SOURCE): "rrry",
    ("POST", routes.SOURCE_TEST): "ryyy",
    ("GET", routes.SOURCE_CATALOGUE): "yyyy",
    ("POST", routes.FILES): "rrry",
    ("POST", routes.ESTIMATES): "ryyy",
    ("GET", routes.SAVED_QUERIES): "yyyy",
    ("POST", routes.SAVED_QUERIES): "ryyy",
    ("PUT", routes.SAVED_QUERY): "royy",
    ("DELETE", routes.SAVED_QUERY): "royy",
    ("POST", routes.BACKUPS): "rrry",
    ("GET", routes.TOKENS): "rrry",
    ("POST", routes.TOKENS): "rrry",
    ("DELETE", routes.TOKEN): "rrry",
    ("GET", routes.AUDIT): "rrry",
    ("GET", routes.ME): "yyyy",
    ("GET", routes.CHANGES): "yyyy",
    ("GET", routes.METRICS): "yyyy",
    (WEBSOCKET, routes.FEED): "yyyy",
}
OPEN: Final = {("GET", routes.HEALTH_LIVE), ("GET", routes.HEALTH_READY)}
TEAM: Final = (routes.RUNS, routes.RUNS_EXPORT, routes.RUN, routes.ACCURACY)
"""What tells of everybody's jobs at once: an admin's, where people see their own alone."""
WORKERS: Final = "/v1/worker/"
"""Routes below it are a worker's, and nobody else's."""


def hidden(method: str, path: str) -> str:
    """The same where people see their own jobs alone: another's job cannot be found."""
    row = MATRIX[method, path]
    if path in TEAM:
        return "rrry"
    if "{job_id}" not in path:
        return row
    return "".join("h" if who in {"vera", "otto"} and c != "r" else c
                   for who, c in zip(ASKERS, row, strict=True))  # fmt: skip


@pytest.fixture(scope="module", params=["team", "owner"])
def people(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Team, str]]:
    visible: str = request.param
    with (
        pytest.MonkeyPatch.context() as patched,
        team(tmp_path_factory.mktemp(visible), jobs_visible_to=visible) as given,
    ):
        patched.setattr(attempts, "MOST_WRONG", 10_000)  # `gone` is wrong about its token often
        yield given, visible


once = pytest.mark.parametrize("people", ["team"], indirect=True, scope="module")
"""For what is the same whoever sees which jobs."""


@pytest.fixture(scope="module")
def ours(people: tuple[Team, str]) -> Team:
    return people[0]


def finished(given: Team, who: str, sql: str = "select 42 as n") -> str:
    """A job of `who` that has a result."""
    with Client(given.addresses[who]) as client:
        handle = client.submit(sql, name=f"{who}s own")
        assert handle.wait(60).state is JobState.SUCCEEDED
        return handle.id


def every_route(of: list[BaseRoute]) -> Iterator[tuple[str, str]]:
    for route in of:
        inner = getattr(getattr(route, "original_router", route), "routes", None)
        if inner:
            yield from every_route(inner)
        elif isinstance(route, APIWebSocketRoute):
            yield WEBSOCKET, route.path
        elif isinstance(route, APIRoute):
            for method in route.methods or ():
                yield method, route.path


def test_every_route_has_its_place_in_the_table_and_in_this_test(tmp_path: Path) -> None:
    """Invariant: no route is forgotten: one without an entry is an admin's, and fails here."""
    app = create_app(Settings(data_dir=tmp_path))
    found = {one for one in every_route(app.routes) if not one[1].startswith(WORKERS)}
    documented = {
        (method.upper(), path)
        for path, methods in app.openapi()["paths"].items()
        for method in methods
        if not path.startswith(WORKERS)
    }
    assert {(method, path.replace(":path", "")) for method, path in found} == documented | {
        (WEBSOCKET, routes.FEED)
    }
    assert found - OPEN == set(MATRIX) == set(RIGHTS)


def code(answer: httpx.Response) -> str:
    """How a request was taken, in the letters of `MATRIX`; `-` without a token that is known."""
    if answer.status_code == 401:
        return "-"
    if answer.status_code < 400:
        return "y"
    told = answer.json()["code"]
    refusals = {"forbidden": "r", "not_yours": "o", "unknown_job": "h", "unknown_export": "h"}
    return refusals.get(told, "y")


class Things:
    """What ann has, made anew where a request does away with it."""

    def __init__(self, given: Team) -> None:
        self._given = given
        self._job = finished(given, "ann")
        self._exports = 0

    def path(self, method: str, path: str) -> str:
        # Neither is there: who is let in is told so, and no process looks into a source.
        names = {"name": "none-of-all", "column:path": "n", "token_id": "none-of-all"}
        if "{job_id}" in path:
            names["job_id"] = self._job if method != "DELETE" else finished(self._given, "ann")
        if "{export_id}" in path:
            names["export_id"] = self._export()
        if path == routes.SAVED_QUERY:
            names["name"] = self._query()
        return re.sub("{([^}]*)}", lambda found: names[found[1]], path)

    def _export(self) -> str:
        self._exports += 1
        export_id = f"export-of-ann-{self._exports}"
        path = routes.JOB_RESULT_EXPORT.format(job_id=self._job)
        answer = self._given.http("ann").get(path, params={"export_id": export_id})
        assert answer.status_code == 200, answer.text
        return export_id

    def _query(self) -> str:
        body = {"title": "Ann's", "sql": "select 1"}
        answer = self._given.http("ann").post(routes.SAVED_QUERIES, json=body)
        assert answer.status_code == 201, answer.text
        name: str = answer.json()["name"]
        return name


def test_every_route_for_everybody(people: tuple[Team, str]) -> None:
    """Invariant: each may do what its role and its ownership allow, and nothing else."""
    given, visible = people
    things = Things(given)
    wrong = []
    for method, path in MATRIX:
        if method == WEBSOCKET:
            continue
        expected = MATRIX[method, path] if visible == "team" else hidden(method, path)
        seen = ""
        at = things.path(method, path)
        for who in ("nobody", "gone", "willy", *ASKERS):
            if seen.endswith("y") and method == "DELETE":
                at = things.path(method, path)
            body: dict[str, Any] | None = None if method in {"GET", "DELETE"} else {}
            asked = {"text": "4"} if path == routes.JOB_RESULT_SEARCH else {}
            answer = given.http(who).request(method, at, params=asked, json=body)
            seen += code(answer)
        if seen != f"--r{expected}":
            wrong.append(f"{method} {path}: {seen}, not --r{expected}")
    assert wrong == []


def test_lists_counts_and_exports_hold_what_may_be_seen(people: tuple[Team, str]) -> None:
    given, visible = people
    anns, ottos = finished(given, "ann"), finished(given, "otto")
    everything = {anns, ottos}
    for who, own in (("vera", set()), ("otto", {ottos}), ("root", everything)):
        may_see = everything if visible == "team" else own
        http = given.http(who)
        page = http.get(routes.JOBS).json()
        assert everything & {one["id"] for one in page["jobs"]} == may_see
        page = http.get(routes.JOBS, params={"limit": 500, "state": "succeeded"}).json()
        ids = {one["id"] for one in page["jobs"]}
        assert (everything & ids, page["total"]) == (may_see, len(ids))
        assert page["totals"]["succeeded"] == page["total"]
        for owner in ("ann", "otto"):
            page = http.get(routes.JOBS, params={"owner": owner}).json()
            of = {"ann": {anns}, "otto": {ottos}}[owner]
            assert everything & {one["id"] for one in page["jobs"]} == may_see & of
            assert bool(page["total"]) is bool(may_see & of)
        text = http.get(routes.JOBS_EXPORT, params={"format": "jsonl"}).text
        assert {one for one in everything if one in text} == may_see


def test_bulk_touches_only_what_the_asker_may_touch(people: tuple[Team, str]) -> None:
    given, visible = people
    anns, ottos = finished(given, "ann"), finished(given, "otto")
    body: dict[str, Any] = {"action": "delete", "ids": [anns, ottos, "no-such-job"]}
    items = given.http("otto").post(routes.JOBS_BULK, json=body).json()["items"]
    others = "not_yours" if visible == "team" else "unknown_job"
    assert [one["code"] for one in items] == [others, None, "unknown_job"]
    ottos = finished(given, "otto")
    found = {"action": "delete", "filter": {"state": ["succeeded"]}, "limit": 1000}
    counted = given.http("otto").post(routes.JOBS_BULK, json=found | {"dry_run": True}).json()
    done = given.http("otto").post(routes.JOBS_BULK, json=found).json()
    assert ottos in {one["id"] for one in done["items"]}
    assert counted["matched"] == done["matched"] == done["succeeded"]
    assert given.http("ann").get(routes.job(anns)).status_code == 200
    elsewhere = found | {"filter": {"owner": "ann"}}
    assert given.http("otto").post(routes.JOBS_BULK, json=elsewhere).json()["matched"] == 0
    whose = given.http("root").get(routes.AUDIT).json()["lines"]
    assert not [one for one in whose if one["target"] in {anns, ottos}], "one's own is no news"


def test_an_estimate_tells_nothing_of_hidden_runs(people: tuple[Team, str]) -> None:
    given, visible = people
    finished(given, "ann", "select 4711 as secret")
    body = {"sql": "select 4711 as secret"}
    runs = given.http("otto").post(routes.ESTIMATES, json=body).json()["runs"]
    assert runs == (1 if visible == "team" else 0)


# The feed


FRAMES: Final = {
    # Who can hear of a job by each frame: those who may see it, or nobody at all.
    "hello": False,
    "snapshot": True,
    "delta": True,
    "progress": True,
    "ping": False,
    "pong": False,
    "bye": False,
    "subscribe": True,  # asks for all of the above
    "show": True,
}


def test_every_frame_has_its_place_in_this_test() -> None:
    kinds = {*get_args(ServerFrame), *get_args(ClientFrame)}
    assert {one.__struct_config__.tag for one in kinds} == set(FRAMES)


ASKED: Final[dict[str, dict[str, Any]]] = {
    "all": {},
    "ann's": {"filter": {"owner": "ann"}},
    "running": {"filter": {"state": ["running", "queued"]}},
    "since": {"since": 0},
}


class Ear:
    """A feed, and all that it said."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._seq = 0
        self.heard = ""

    async def hear(self) -> dict[str, Any]:
        raw = bytes(await self._socket.recv(decode=False)).decode()
        self.heard += raw
        frame: dict[str, Any] = json.loads(raw)
        self._seq = frame.get("to", self._seq)
        return frame

    async def ask(self, job_ids: list[str], **asked: Any) -> None:
        hello = await self.hear()
        if "since" in asked:
            asked["epoch"] = hello["epoch"]
        for frame in ({"type": "subscribe", **asked}, {"type": "show", "ids": job_ids}):
            await self._socket.send(json.dumps(frame))
        await self._socket.send('{"type":"ping","n":1}')

    async def until(self, seq: int) -> None:
        while self._seq < seq:
            await self.hear()


async def test_the_feed_tells_of_a_job_to_those_who_may_see_it(people: tuple[Team, str]) -> None:
    """Invariant: no frame names a job to whoever may not see it, whatever is asked for."""
    given, visible = people
    async with contextlib.AsyncExitStack() as stack:
        ann, otto = (stack.enter_context(Client(given.addresses[who])) for who in ("ann", "otto"))
        before = await asyncio.to_thread(finished, given, "ann")
        job = ann.submit(ENDLESS)
        await eventually(lambda: ann.job(job.id).status().progress.fraction)
        ears: dict[str, Ear] = {}
        for who in ("otto", "root"):
            for asked, fields in ASKED.items():
                socket = await stack.enter_async_context(feed(given.addresses[who]))
                ears[f"{who}, {asked}"] = ear = Ear(socket)
                await ear.ask([job.id, before], **fields)
        # Progress of ann's job, its change and its end, then one of otto's own.
        while '"progress"' not in ears["root, all"].heard:
            await ears["root, all"].hear()
        await asyncio.to_thread(job.cancel)
        await asyncio.to_thread(job.wait, 60)
        await asyncio.to_thread(job.delete)
        await asyncio.to_thread(otto.submit("select 1").wait, 60)
        seq = given.http("root").get(routes.CHANGES).json()["hello"]["seq"]
        for ear in ears.values():
            await asyncio.wait_for(ear.until(seq), 30)
    for name, ear in ears.items():
        sees = name.startswith("root") or visible == "team"
        assert (job.id in ear.heard) is sees, name
        assert sees or before not in ear.heard, name
    kinds = set(re.findall(r'"type":\s*"([a-z]+)"', ears["root, all"].heard))
    assert {"hello", "snapshot", "delta", "progress", "pong"} <= kinds


async def test_changes_tell_what_the_feed_would(people: tuple[Team, str]) -> None:
    given, visible = people
    job_id = await asyncio.to_thread(finished, given, "ann")
    with Client(given.addresses["ann"]) as ann:
        running = ann.submit(ENDLESS)
        await eventually(lambda: ann.job(running.id).status().progress.fraction)
        for who in ("otto", "vera"):
            hello = given.http(who).get(routes.CHANGES).json()["hello"]
            for more in ({}, {"owner": "ann"}):
                asked = {"since": 0, "epoch": hello["epoch"], **more}
                text = given.http(who).get(routes.CHANGES, params=asked).text
                assert (job_id in text, running.id in text) == ((visible == "team",) * 2)
        running.cancel()
        running.wait(60)


@once
@pytest.mark.parametrize(("who", "status"), [("gone", 401), ("willy", 403), ("nobody", 401)])
async def test_the_feed_opens_to_nobody_else(ours: Team, who: str, status: int) -> None:
    headers = {} if who == "nobody" else ours.addresses[who].headers()
    with pytest.raises(InvalidStatus) as caught:
        async with connect(ours.start.feed_url, additional_headers=headers, proxy=None):
            pass
    assert caught.value.response.status_code == status


async def last_words(socket: ClientConnection) -> list[dict[str, Any]]:
    told = []
    with contextlib.suppress(ConnectionClosed):
        while True:
            told.append(json.loads(await socket.recv()))
    return told


def status(given: Team, secret: str) -> int:
    headers = Address(given.start.url, secret).headers()
    return httpx.get(f"{given.start.url}{routes.ME}", headers=headers).status_code


@once
@pytest.mark.parametrize("subscribed", [True, False])
async def test_revoking_closes_feeds_at_once(ours: Team, subscribed: bool) -> None:
    """Invariant: whoever is revoked hears nothing more; others go on."""
    with Client(ours.start) as admin:
        made = admin.create_token("eve", Role.VIEWER)
        async with (
            feed(Address(ours.start.url, made.secret)) as told,
            feed(ours.addresses["vera"]) as other,
        ):
            for socket in (told, other):
                assert json.loads(await socket.recv())["type"] == "hello"
                if subscribed:
                    await socket.send('{"type":"subscribe"}')
                    await socket.recv()
            await asyncio.to_thread(admin.revoke_token, made.token.id)
            bye = (await last_words(told))[-1]
            assert (bye["type"], bye["code"]) == ("bye", "revoked")
            await other.send('{"type":"ping","n":7}' if subscribed else '{"type":"subscribe"}')
            assert await other.recv()
    assert await asyncio.to_thread(status, ours, made.secret) == 401


@once
async def test_a_client_hears_that_its_token_was_revoked(ours: Team) -> None:
    with Client(ours.start) as admin:
        made = admin.create_token("eve", Role.VIEWER)
        trouble: Disconnected | None = None
        async with aclosing(FeedFollower(Address(ours.start.url, made.secret)).events()) as events:
            async for event in events:
                if isinstance(event, Snapshot):
                    await asyncio.to_thread(admin.revoke_token, made.token.id)
                if isinstance(event, Disconnected):
                    trouble = event
                    break
        assert trouble is not None
        assert trouble.unauthorized
        assert "revoked" in trouble.reason


@once
async def test_a_token_that_expires_ends_its_feed(ours: Team) -> None:
    with Client(ours.start) as admin:
        made = admin.create_token("eve", Role.VIEWER, expires_days=1.5 / 86_400)
    async with feed(Address(ours.start.url, made.secret)) as told:
        await told.send('{"type":"subscribe"}')
        bye = (await last_words(told))[-1]
        assert (bye["type"], bye["code"]) == ("bye", "expired")
    assert await asyncio.to_thread(status, ours, made.secret) == 401


@once
def test_revoking_cuts_running_downloads(ours: Team) -> None:
    """Invariant: what is cut short is not taken for the whole."""
    with Client(ours.start) as admin:
        made = admin.create_token("eve", Role.ANALYST)
        address = Address(ours.start.url, made.secret)
        with Client(address) as eve:
            big = eve.submit("select range as n, 'x' || range as t from range(3000000)")
            big.wait(120)
        path = routes.JOB_RESULT_EXPORT.format(job_id=big.id)
        with httpx.stream(
            "GET", f"{address.url}{path}", headers=address.headers(), timeout=30
        ) as answer:
            assert answer.status_code == 200
            pieces = answer.iter_raw()
            next(pieces)
            admin.revoke_token(made.token.id)
            with pytest.raises(httpx.TransportError):
                for _ in pieces:
                    pass


@once
def test_what_an_admin_does_is_in_the_audit_log_and_no_secret_is(ours: Team) -> None:
    job_id = finished(ours, "ann")
    other = finished(ours, "ann")
    root = ours.http("root")
    secret = "canary-password"
    root.delete(routes.job(job_id))
    root.post(routes.JOBS_BULK, json={"action": "delete", "ids": [other]})
    draft = {"name": "pg", "engine": "postgres", "options": {"host": "127.0.0.1", "dbname": "x"}}
    added = root.post(routes.SOURCES, json={**draft, "secrets": {"password": secret}})
    assert added.status_code == 201, added.text
    root.delete(routes.SOURCE.format(name="pg"))
    made = root.post(routes.TOKENS, json={"name": "zoe", "role": "viewer"}).json()
    root.delete(routes.TOKEN.format(token_id=made["token"]["id"]))
    backup = root.post(routes.BACKUPS).json()["file"]
    answer = root.get(routes.AUDIT, params={"limit": 7})
    lines = answer.json()["lines"]
    assert [(one["action"], one["target"]) for one in reversed(lines)] == [
        ("job.delete", job_id),
        ("job.delete", other),
        ("source.add", "pg"),
        ("source.remove", "pg"),
        ("token.create", made["token"]["id"]),
        ("token.revoke", made["token"]["id"]),
        ("backup.create", backup),
    ]
    assert {(one["who"], one["role"]) for one in lines} == {("root", "admin")}
    assert lines[-1]["detail"] == "of ann"
    assert secret not in answer.text
    assert made["secret"][-20:] not in answer.text
    second = root.get(routes.AUDIT, params={"cursor": answer.json()["next"]}).json()
    assert second["lines"][0]["id"] == lines[-1]["id"] - 1


@once
def test_who_am_i_and_when_was_i_here(ours: Team) -> None:
    me = ours.http("vera").get(routes.ME).json()
    assert (me["name"], me["role"], me["token_id"]) == ("vera", "viewer", ours.ids["vera"])
    with Client(ours.start) as admin:
        own = admin.me()
        assert (own.role, own.token_id) == (Role.ADMIN, None)
        kept = wait_until(lambda: next(one for one in admin.tokens() if one.id == ours.ids["vera"]))
    assert kept.last_used_at is not None
    assert not re.search("hash|secret", msgspec.json.encode(kept).decode())
