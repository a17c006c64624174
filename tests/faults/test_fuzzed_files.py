"""Files that are not as they were written: results, mailboxes, settings, uploads.

Of each there is a word for what is wrong with it, and never a failure of the server's own. A result
that was harmed and still is one, such as a number that is another, cannot be told from a good one:
nothing sums up what a segment holds.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import httpx
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longwatch.client.sync import Client
from longwatch.execution.contract import Died, Ended, Observer
from longwatch.execution.local import LocalExecutor
from longwatch.protocol.jobs import Job, JobError, JobState, Phase, ResultInfo, StatementKind
from longwatch.results.index import INDEX
from longwatch.runner.mailbox import Mailbox
from longwatch.runner.spec import AttemptSpec, Ending, Identity, Order, Outcome, Report, Trace
from longwatch.settings import Settings, SettingsError, load_settings
from support.mutations import DEEP, few, harmed_bytes, harmed_json, quickly, thoroughly
from support.servers import Backend, app_over, backend, http_client, serving
from support.waiting import eventually, wait_until

SQL: Final = (
    "SELECT i AS n, 'text ' || i % 17 AS s, [i, i + 1] AS l, i / 2 AS f FROM range(3000) r(i)"
)


@dataclass(frozen=True, slots=True)
class Served:
    """A server, and a job of it that has a result."""

    client: Client
    http: httpx.Client
    data_dir: Path
    job_id: str

    @property
    def result(self) -> Path:
        """Where its files are."""
        return self.data_dir / "jobs" / self.job_id / "1" / "result"

    def complaints(self) -> list[str]:
        """What the server had not foreseen."""
        log = (self.data_dir / "server.log").read_text("utf-8").splitlines()
        return [line for line in log if json.loads(line)["event"] == "request failed"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    data_dir = tmp_path_factory.mktemp("served")
    with serving(data_dir, max_running=1) as (_, address), Client(address) as client:
        handle = client.submit(SQL)
        assert handle.wait(60).state is JobState.SUCCEEDED
        with httpx.Client(
            base_url=address.url, headers=address.headers(), trust_env=False, timeout=60
        ) as http:
            yield Served(client, http, data_dir, handle.id)


# --- results ------------------------------------------------------------------------------------

PAGES: Final = ("page?limit=5", "page?offset=2900", "page?limit=9&offset=1000")
WORK: Final = (
    *("columns/s/statistics", "search?text=16", "page?limit=9&sort=-s", "page?limit=9&sort=l,n"),
    *("export?format=csv", "export?format=parquet"),
)
HARM: Final = st.sampled_from([INDEX, "000000.arrow"])


def read_harmed(served: Served, data: st.DataObject, *paths: str) -> None:
    """Harm one file of the result, read it, and make the file whole again."""
    path = served.result / data.draw(HARM)
    whole = path.read_bytes()
    harmed = harmed_bytes(whole)
    if path.name == INDEX:
        harmed = st.one_of(harmed, harmed_json(json.loads(whole)))
    path.write_bytes(data.draw(harmed))
    try:
        for one in paths:
            answer = read(served, f"/v1/jobs/{served.job_id}/result/{one}")
            if answer is not None:
                assert answer.status_code in {200, 410}, answer.text
                assert answer.status_code == 200 or answer.json()["code"] == "result_damaged"
        assert served.complaints() == []
    finally:
        path.write_bytes(whole)
        for view in served.result.glob("view*"):
            view.unlink()


def read(served: Served, path: str) -> httpx.Response | None:
    """The answer; `None` of an export that was cut off, which is how it says that it is not
    whole."""
    accept = "application/vnd.apache.arrow.stream" if "offset" in path else "*/*"
    try:
        return served.http.get(path, headers={"Accept": accept})
    except httpx.RemoteProtocolError:
        assert "/export" in path
        return None


@quickly
@given(data=st.data())
def test_a_harmed_result(served: Served, data: st.DataObject) -> None:
    read_harmed(served, data, *PAGES)


@pytest.mark.slow
@pytest.mark.timeout(400)
@few(100)
@given(data=st.data())
def test_much_more_harm_to_a_result(served: Served, data: st.DataObject) -> None:
    read_harmed(served, data, *PAGES, *WORK)


@pytest.mark.parametrize(
    "schema", [{"n": pa.int64()}, {}, {"n": pa.string(), "s": pa.string()}], ids=str
)
def test_a_segment_of_other_columns(served: Served, schema: dict[str, pa.DataType]) -> None:
    path, index = served.result / "000000.arrow", served.result / INDEX
    whole, known = path.read_bytes(), index.read_bytes()
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, pa.schema(schema)):
        pass
    told = json.loads(known)
    told["segments"][0]["bytes"] = path.stat().st_size
    index.write_text(json.dumps(told), "utf-8")
    try:
        for page in PAGES:
            answer = read(served, f"/v1/jobs/{served.job_id}/result/{page}")
            assert answer is not None
            assert answer.json()["code"] == "result_damaged"
    finally:
        path.write_bytes(whole)
        index.write_bytes(known)


# --- mailboxes ----------------------------------------------------------------------------------

REPORT: Final = Report(
    phase=Phase.EXECUTING,
    elapsed_s=1.5,
    fraction=0.5,
    rows=10,
    kind=StatementKind.READ,
    result=ResultInfo(rows=1, bytes=500, complete=True, columns=[]),
    statement=1,
    statements=2,
)
TRACE: Final = Trace(
    elapsed_s=[0.5, 1.5],
    fractions=[-1, 0.5],
    rows=[0, 10],
    bytes=[0, 500],
    cpu_s=[0.1, 1.2],
    memory_bytes=[10**7, 10**8],
    spill_bytes=[0, 0],
    io_bytes=[0, 500],
    phases=[0, 3],
    statements=[1, 1],
)
FILES: Final[dict[str, msgspec.Struct]] = {
    "progress.json": REPORT,
    "outcome.json": Outcome(
        ending=Ending.FAILED,
        last=REPORT,
        error=JobError(code="x", message="y", line=1),
        trace=TRACE,
    ),
    # The process with this number is one of the kernel's own, and started at another time.
    "runner.json": Identity(pid=2, started_s=1.5, since_boot="long ago"),
}


class Heard(Observer):
    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.ended_with: list[Ended] = []

    def reported(self, _job_id: str, _attempt: int, report: Report) -> None:
        self.reports.append(report)

    async def ended(self, _job_id: str, _attempt: int, ended: Ended) -> None:
        self.ended_with.append(ended)


def plain(record: msgspec.Struct) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(msgspec.json.encode(record))
    return found


harmed_mailboxes = st.fixed_dictionaries(
    {}, optional={name: harmed_json(plain(record)) for name, record in FILES.items()}
)


async def adopt(folder: Path, files: dict[str, bytes]) -> Ended:
    """Let an executor find an attempt whose runner is gone, and whose mailbox has these."""
    executor = LocalExecutor(folder / "jobs", folder / "runners.log", warm_spare=False)
    heard = Heard()
    await executor.start(heard)
    attempt = len(list((folder / "jobs").glob("j/*"))) + 1
    place = executor.folder("j", attempt)
    place.mkdir(parents=True)
    for name, data in files.items():
        (place / name).write_bytes(data)
    executor.adopt("j", attempt)
    await eventually(lambda: heard.ended_with)
    await executor.stop()
    return heard.ended_with[0]


def test_mailboxes_of_a_runner_that_is_gone(tmp_path: Path) -> None:
    @quickly
    @given(files=harmed_mailboxes)
    def check(files: dict[str, bytes]) -> None:
        ended = asyncio.run(adopt(tmp_path, files))
        assert isinstance(ended.how, Outcome | Died)

    check()


@pytest.mark.slow
def test_many_more_mailboxes(tmp_path: Path) -> None:
    @thoroughly
    @given(files=harmed_mailboxes)
    def check(files: dict[str, bytes]) -> None:
        asyncio.run(adopt(tmp_path, files))

    check()


async def launched(behind: Backend, job_id: str) -> None:
    await eventually(lambda: (job_id, 1) in behind.executor.open)


async def say(folder: Path, told: list[bytes]) -> None:
    """Let a server hear of its attempts what still can be read of harmed files, and tell it on."""
    mailbox = Mailbox(folder / "mailbox")
    mailbox.folder.mkdir()
    async with backend(folder, max_attempts=1) as behind, http_client(app_over(behind)) as http:
        for data in told:
            (mailbox.folder / "progress.json").write_bytes(data)
            (mailbox.folder / "outcome.json").write_bytes(data)
            report, outcome = mailbox.report(), mailbox.outcome()
            answer = await http.post("/v1/jobs", json={"sql": "select 1"})
            place = answer.json()["id"]
            await launched(behind, place)
            if report is not None:
                behind.executor.report(place, **msgspec.structs.asdict(report))
                found = await http.get(f"/v1/jobs/{place}")
                msgspec.json.decode(found.content, type=Job)
            how = Died("was never heard of") if outcome is None else outcome
            last = outcome.last if outcome else report
            await behind.executor.end(place, 1, how, last=last)
            found = await http.get(f"/v1/jobs/{place}")
            assert found.status_code == 200
            msgspec.json.decode(found.content, type=Job)
            assert (await http.get("/v1/jobs")).status_code == 200
            assert (await http.get(f"/v1/jobs/{place}/attempts")).status_code == 200


told_files = st.lists(
    st.sampled_from(["progress.json", "outcome.json"]).flatmap(
        lambda name: harmed_json(plain(FILES[name]))
    ),
    min_size=5,
    max_size=20,
)


@few(2, derandomize=True)
@given(told=told_files)
def test_what_is_read_is_told_on(
    tmp_path_factory: pytest.TempPathFactory, told: list[bytes]
) -> None:
    asyncio.run(say(tmp_path_factory.mktemp("told"), told))


@pytest.mark.slow
@few(40)
@given(told=told_files)
def test_much_more_is_told_on(tmp_path_factory: pytest.TempPathFactory, told: list[bytes]) -> None:
    asyncio.run(say(tmp_path_factory.mktemp("told"), told))


SPEC: Final = AttemptSpec(
    job_id="j",
    attempt=1,
    sql="select 1",
    engine="duckdb",
    options={},
    memory_bytes=2**30,
    spill_bytes=2**30,
    threads=1,
)


@pytest.mark.parametrize(
    "harmed",
    [
        b"",
        msgspec.json.encode(SPEC)[:-20],
        msgspec.json.encode(SPEC).replace(b"select", b"\xff\xfe"),
        pytest.param(b"[" * DEEP, marks=pytest.mark.slow),
        pytest.param(b'{"job_id":' + b'{"a":' * DEEP, marks=pytest.mark.slow),
        pytest.param(b'{"job_id":1}' + b" " * 10**8, marks=pytest.mark.slow),
    ],
    ids=["empty", "cut", "not UTF-8", "deep", "deeper", "huge"],
)
def test_a_runner_that_cannot_read_what_to_run(tmp_path: Path, harmed: bytes) -> None:
    mailbox = Mailbox(tmp_path / "j" / "1")
    mailbox.create(SPEC)
    (mailbox.folder / "spec.json").write_bytes(harmed)
    command = [sys.executable, "-m", "longwatch.runner", "duckdb", str(tmp_path)]
    order = Order(folder=str(mailbox.folder)).line()
    done = subprocess.run(command, input=order, capture_output=True, timeout=60, check=False)
    outcome = mailbox.outcome()
    assert outcome is not None, done.stderr
    assert outcome.error is not None
    assert outcome.error.code == "spec_unreadable"
    assert "Traceback" not in mailbox.log.read_text("utf-8")


# --- settings -----------------------------------------------------------------------------------

TOML: Final = b"""\
host = "127.0.0.1"
port = 8080
max_running = 3
keep_results_days = 2.5
allowed_hosts = ["one", "two"]
memory_bytes = 1073741824
default_source = "flights"

[sources.flights]
engine = "duckdb"
path = "/data/flights"
secrets = { password = { env = "PGPASSWORD" } }

[notify_targets]
ops = "json://host/path"
"""


def read_settings(folder: Path, data: bytes) -> None:
    (folder / "config.toml").write_bytes(data)
    found: Settings | SettingsError
    try:
        found = load_settings(folder, {})
    except SettingsError as error:
        found = error
    assert isinstance(found, Settings) or "config.toml" in str(found)


def test_harmed_settings(tmp_path: Path) -> None:
    read_settings(tmp_path, TOML)
    for odd in (b"a = " + b"[" * DEEP, b"a." * 900 + b"a = 1", b"\xff", b"port = 1e400"):
        read_settings(tmp_path, odd)
    quickly(given(data=harmed_bytes(TOML))(lambda data: read_settings(tmp_path, data)))()


@pytest.mark.slow
def test_settings_harmed_in_many_more_ways(tmp_path: Path) -> None:
    thoroughly(given(data=harmed_bytes(TOML))(lambda data: read_settings(tmp_path, data)))()


# --- uploads ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def good_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A file of each kind that can be uploaded, by name."""
    folder = tmp_path_factory.mktemp("good")
    table = pa.table({"n": range(2000), "s": [f"text {i % 7}" for i in range(2000)]})
    pq.write_table(table, folder / "t.parquet")
    lines = [f"{i},text {i % 7}" for i in range(200)]
    (folder / "t.csv").write_text("\n".join(["n,s", *lines]), "utf-8")
    (folder / "t.jsonl").write_text("\n".join(f'{{"n":{i}}}' for i in range(200)), "utf-8")
    with closing(sqlite3.connect(folder / "t.sqlite")) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS n, 'x' AS s")
        connection.commit()
    with duckdb.connect(str(folder / "t.duckdb")) as database:
        database.execute("CREATE TABLE t AS SELECT range AS n FROM range(2000)")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def use_upload(served: Served, name: str, data: bytes) -> None:
    """Upload it, make a source of it, look into that and query it, as far as that goes."""
    http = served.http
    octets = {"Content-Type": "application/octet-stream"}
    taken = http.post("/v1/files", params={"name": name}, content=data, headers=octets)
    assert taken.status_code in {201, 422}, taken.text
    if taken.status_code == 422:
        return
    engine = "sqlite" if name.endswith(".sqlite") else "duckdb"
    draft = {"name": "harmed", "engine": engine, "options": {"path": taken.json()["path"]}}
    added = http.post("/v1/sources", json=draft)
    assert added.status_code == 201, added.text
    try:
        tried = http.post("/v1/sources/harmed/test")
        assert tried.status_code == 200
        assert tried.json()["ok"] or tried.json()["error"]["message"]
        seen = http.get("/v1/sources/harmed/catalogue")
        assert seen.status_code == 200 or seen.json()["code"] == "source_unavailable", seen.text
        job = served.client.submit("SELECT * FROM t", "harmed").wait(60)
        assert job.state in {JobState.SUCCEEDED, JobState.FAILED}
        assert job.error is None or job.error.code != "internal_error", job.error
    finally:
        wait_until(lambda: http.delete("/v1/sources/harmed").status_code == 204)
    assert served.complaints() == []


@few(2, derandomize=True)
@given(data=st.data())
def test_harmed_uploads(served: Served, good_files: dict[str, bytes], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(good_files)))
    use_upload(served, name, data.draw(harmed_bytes(good_files[name])))


@pytest.mark.slow
@pytest.mark.timeout(400)
@few(60)
@given(data=st.data())
def test_many_more_harmed_uploads(
    served: Served, good_files: dict[str, bytes], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(good_files)))
    use_upload(served, name, data.draw(harmed_bytes(good_files[name])))
