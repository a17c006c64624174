"""Exports and views with real processes: nothing is left of what was given up, nothing piles up."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import pyarrow.parquet as pq
import pytest

from longwatch.client.errors import NotFound
from longwatch.client.sync import JobHandle
from longwatch.protocol.results import ExportFormat, ExportStatus
from support.processes import is_alive, longwatch, serve, started
from support.runs import Server
from support.waiting import wait_until

WIDE = "SELECT i AS n, repeat('x', 200) || i AS text FROM range(2000000) t(i)"


def helpers_of(data_dir: Path) -> list[psutil.Process]:
    """Every helper that works in this data folder."""
    found = []
    psutil.process_iter.cache_clear()  # it does not notice a pid that has come round again
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            if "longwatch.results.helper" in words and words[-1] == str(data_dir / "jobs"):
                found.append(process)
        except psutil.Error:
            continue
    return [one for one in found if is_alive(one)]


@pytest.fixture(scope="module")
def wide(server: Server) -> JobHandle:
    """400 MB as CSV: no buffer on the way holds it."""
    handle = server.client.submit(WIDE)
    handle.wait(100)
    return handle


@pytest.fixture
def http(server: Server) -> Iterator[httpx.Client]:
    address = server.client.address
    with httpx.Client(
        base_url=address.url, headers=address.headers(), trust_env=False, timeout=60
    ) as client:
        yield client


def status(server: Server, export_id: str) -> ExportStatus:
    found: ExportStatus = server.client._call(server.client._api.export_status(export_id))
    return found


def test_a_client_that_hangs_up_ends_the_export(
    server: Server, wide: JobHandle, http: httpx.Client
) -> None:
    query = {"format": "csv", "export_id": "hangs-up"}
    with http.stream("GET", f"/v1/jobs/{wide.id}/result/export", params=query) as answer:
        pieces = answer.iter_raw()  # to let go of it is to hang up
        assert next(pieces).startswith(b"n,text\n")
        assert len(helpers_of(server.data_dir)) == 1
    wait_until(lambda: status(server, "hangs-up").state == "cancelled")
    wait_until(lambda: not helpers_of(server.data_dir))


def test_a_cancel_ends_the_export_and_cuts_the_connection(
    server: Server, wide: JobHandle, http: httpx.Client
) -> None:
    query = {"format": "csv", "export_id": "is-cancelled"}
    with http.stream("GET", f"/v1/jobs/{wide.id}/result/export", params=query) as answer:
        pieces = answer.iter_raw()
        next(pieces)
        server.client._call(server.client._api.cancel_export("is-cancelled"))
        wait_until(lambda: helpers_of(server.data_dir) == [])
        with pytest.raises(httpx.RemoteProtocolError):
            for _ in pieces:
                pass
    told = status(server, "is-cancelled")
    assert (told.state, told.error) == ("cancelled", "The export was cancelled.")


def test_a_client_that_stops_reading_is_waited_for(server: Server, wide: JobHandle) -> None:
    """What is made waits in the helper: rows stand still, and the server does not grow."""
    address = server.client.address
    parts = urlsplit(address.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=60) as sock:
        sock.sendall(
            f"GET /v1/jobs/{wide.id}/result/export?format=csv&export_id=stands-still HTTP/1.1\r\n"
            f"Host: {parts.netloc}\r\n"
            f"Authorization: {address.headers()['Authorization']}\r\n\r\n".encode()
        )
        assert sock.recv(1_000).startswith(b"HTTP/1.1 200")
        looks: list[tuple[int, float]] = []

        def stands_still() -> bool:
            (helper,) = helpers_of(server.data_dir)
            looks.append((status(server, "stands-still").rows, sum(helper.cpu_times()[:2])))
            # Blocked on its pipe it writes no row and uses no processor time.
            return looks[-1][0] > 0 and looks[-50:] == looks[-1:] * 50

        wait_until(stands_still, patience_s=60)
        told = status(server, "stands-still")
        assert told.state == "running"
        assert told.rows * 200 < 64 * 2**20, "of 400 MB only what fits into buffers was made"
        assert told.bytes < told.rows * 220
    wait_until(lambda: status(server, "stands-still").state == "cancelled")
    wait_until(lambda: not helpers_of(server.data_dir))


def test_a_helper_that_is_killed_is_told_of(
    server: Server, wide: JobHandle, http: httpx.Client
) -> None:
    query = {"format": "csv", "export_id": "is-killed"}
    with http.stream("GET", f"/v1/jobs/{wide.id}/result/export", params=query) as answer:
        pieces = answer.iter_raw()
        next(pieces)
        (helper,) = helpers_of(server.data_dir)
        helper.kill()
        with pytest.raises(httpx.RemoteProtocolError):
            for _ in pieces:
                pass
    told = status(server, "is-killed")
    assert told.state == "failed"
    assert told.error is not None
    assert "killed by signal 9" in told.error
    assert wide.result().sort("-n").fetchone() == (1_999_999, "x" * 200 + "1999999")


def test_a_sort_that_nobody_waits_for_is_given_up(server: Server, wide: JobHandle) -> None:
    address = server.client.address
    parts = urlsplit(address.url)
    before = {one.pid for one in helpers_of(server.data_dir)}
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=60) as sock:
        sock.sendall(
            f"GET /v1/jobs/{wide.id}/result/page?sort=-text,n&offset=1000000 HTTP/1.1\r\n"
            f"Host: {parts.netloc}\r\n"
            f"Authorization: {address.headers()['Authorization']}\r\n\r\n".encode()
        )
        result = server.mailbox(wide).result
        wait_until(lambda: list(result.glob("view-*.new")), patience_s=60)
        busy = helpers_of(server.data_dir)
        assert busy
    wait_until(lambda: not any(is_alive(one) for one in busy), patience_s=30)
    assert before is not None
    assert wide.result().sort("-n").rows == 2_000_000


def test_too_many_at_once_are_told_to_wait(
    server: Server, wide: JobHandle, http: httpx.Client
) -> None:
    path = f"/v1/jobs/{wide.id}/result/export"
    with (
        http.stream("GET", path),
        http.stream("GET", path),
        http.stream("GET", path),
        http.stream("GET", path),
    ):
        answer = http.get(path)
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_exports")
        assert answer.headers["retry-after"] == "10"
    wait_until(lambda: not helpers_of(server.data_dir))


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with serve(tmp_path_factory.mktemp("cli") / "data") as served:
        yield {"LONGWATCH_URL": served.address.url, "LONGWATCH_TOKEN": served.address.token}


@pytest.fixture(scope="module")
def job_id(env: dict[str, str]) -> str:
    done = longwatch("run", "SELECT i AS n, '=' || i AS t FROM range(5) t(i)", env=env)
    assert done.text.splitlines()[1] == "0,=0", "standard output is for programs"
    return done.err.split("job ")[-1].strip()


class TestCommandLine:
    def test_a_file(self, env: dict[str, str], job_id: str, tmp_path: Path) -> None:
        path = tmp_path / "out.parquet"
        which = json.dumps([{"column": "n", "op": "ge", "value": 2}])
        done = longwatch(
            *("export", job_id[:8], "-o", path, "--sort", "-n", "--filter", which),
            *("--column", "n"),
            env=env,
        )
        assert (done.code, done.text) == (0, "")
        assert "3 rows written" in done.err
        assert pq.read_table(path)["n"].to_pylist() == [4, 3, 2]
        assert pq.read_table(path).schema.names == ["n"]

    def test_standard_output_and_formulas(self, env: dict[str, str], job_id: str) -> None:
        done = longwatch("export", job_id, "-o", "-", env=env)
        assert done.text.splitlines()[:2] == ["n,t", "0,'=0"]
        done = longwatch("export", job_id, "-o", "-", "--formulas", "keep", env=env)
        assert done.text.splitlines()[:2] == ["n,t", "0,=0"]
        done = longwatch("export", job_id, "-o", "-", "--format", "jsonl", env=env)
        assert json.loads(done.text.splitlines()[0]) == {"n": 0, "t": "=0"}

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["-o", "out.doc"], ".parquet"),
            (["-o", "out.csv", "--sort", "nope"], "no column"),
            (["-o", "out.csv", "--filter", "x"], "It reads like"),
            ([], "--output"),
        ],
    )
    def test_what_it_refuses(
        self,
        env: dict[str, str],
        job_id: str,
        tmp_path: Path,
        arguments: list[str],
        said: str,
    ) -> None:
        done = longwatch("export", job_id, *arguments, env=env, cwd=tmp_path)
        assert done.code == 2
        assert said in done.err
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.slow
    def test_an_interrupt_cancels_and_leaves_nothing(
        self, env: dict[str, str], tmp_path: Path
    ) -> None:
        run = longwatch("run", WIDE, "--no-wait", env=env)
        job_id = run.text.strip()
        assert longwatch("show", job_id, env=env).code == 0
        wait_until(
            lambda: "succeeded" in longwatch("show", job_id, env=env).text.lower(), patience_s=100
        )
        path = tmp_path / "out.jsonl"
        with started("export", job_id, "-o", str(path), env=env) as process:
            wait_until(lambda: list(tmp_path.glob(".*.part")), patience_s=60)
            os.kill(process.pid, signal.SIGINT)
            assert process.wait(60) == 130
        assert list(tmp_path.iterdir()) == []


def test_no_export_of_that_name(server: Server) -> None:
    with pytest.raises(NotFound):
        status(server, "nobody-began")
    assert ExportFormat("xlsx").value == "xlsx"
