"""Disks without room: the reason is said, nothing old is lost, all goes on with room again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from longwatch.client.sync import Client
from longwatch.protocol.jobs import JobState
from support.processes import LONGWATCH, Served, environment, runners_in
from support.runs import MIB
from support.servers import Backend, app_over, backend, http_client
from support.waiting import wait_until

MOUNT = ["unshare", "--user", "--map-root-user", "--mount"]
WIDE = "SELECT range AS n, md5(range::VARCHAR) || md5((range + 1)::VARCHAR) AS t FROM range({})"
SPILL = (
    "SELECT range AS n, repeat(md5(range::VARCHAR), 10) AS t FROM range(1000000) "
    "ORDER BY hash(range) LIMIT 900000"
)


async def limit_pages(given: Backend, pages: int | None) -> None:
    """Let the store's file have no more room than `pages` above what it has; `None` lifts it."""

    def limit(tx: Any) -> None:
        now = tx.connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        most = 2**30 if pages is None else now + pages
        tx.connection.exec_driver_sql(f"PRAGMA max_page_count={most}")

    await given.store.run(limit)


async def test_the_store_is_full(tmp_path: Path) -> None:
    """Invariant: a submit that has no room is answered 507 and leaves nothing; what was accepted
    before is unchanged and can be read; with room again the next submit is accepted."""
    async with backend(tmp_path) as given, http_client(app_over(given)) as client:
        large = {"sql": "select '" + "x" * 100_000 + "'"}
        kept = [(await client.post("/v1/jobs", json=large)).json() for _ in range(2)]
        await limit_pages(given, 10)
        while (answer := await client.post("/v1/jobs", json=large)).status_code == 202:
            kept.append(answer.json())  # pages that were free take a few more
            assert len(kept) < 10
        assert (answer.status_code, answer.json()["code"]) == (507, "store_full")
        assert "Nothing was lost" in answer.json()["detail"]
        page = (await client.get("/v1/jobs")).json()
        assert {one["id"] for one in page["jobs"]} == {one["id"] for one in kept}
        for one in kept:
            assert (await client.get(f"/v1/jobs/{one['id']}")).json()["sql"] == large["sql"]
        await limit_pages(given, None)
        assert (await client.post("/v1/jobs", json=large)).status_code == 202


@contextmanager
def served_on(folder: Path, size_mib: int) -> Iterator[Served]:
    """A server whose data folder is on a real file system of that size, and full when that is."""
    probe = f"mount -t tmpfs -o mode=700,size={size_mib}m none {folder}"
    if shutil.which("unshare") is None:
        pytest.skip("no unshare")
    if subprocess.run([*MOUNT, "sh", "-c", probe], capture_output=True, check=False).returncode:
        pytest.skip("this system lets no user mount a tmpfs")
    ready = folder.with_name("ready")
    serve = f'{probe} && exec "$@"'
    arguments = ["serve", "--data-dir", str(folder), "--ready-file", str(ready)]
    with folder.with_name("out").open("wb") as out:
        process = subprocess.Popen(
            [*MOUNT, "sh", "-c", serve, "sh", *LONGWATCH, *arguments],
            env=environment(LONGWATCH_MAX_RUNNING="1", LONGWATCH_SPILL_BYTES=str(2**40)),
            stdout=out,
            stderr=out,
        )
    try:
        wait_until(ready.exists, patience_s=30)
        from longwatch.client.address import Address
        from longwatch.client.discovery import read_server_file

        said = read_server_file(ready)
        assert said is not None
        yield Served(process, Address.parse(said.url, said.token), folder)
    finally:
        process.terminate()
        process.wait(30)
        assert runners_in(folder) == []


def inside(served: Served) -> Path:
    """The data folder as the server sees it: nobody else sees what is mounted there."""
    seen = Path(f"/proc/{served.process.pid}/root{served.data_dir}")
    if not os.access(seen / "jobs", os.W_OK):
        pytest.skip("the server's mounts cannot be looked into")
    return seen


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    if sys.platform != "linux":
        pytest.skip("mount namespaces are Linux's")
    folder = tmp_path_factory.mktemp("full") / "data"
    folder.mkdir()
    with served_on(folder, 48) as running:
        yield running


@pytest.mark.parametrize("sql", [WIDE.format(3_000_000), SPILL], ids=["result", "spill"])
@pytest.mark.slow
def test_results_and_spill_fill_the_disk(served: Served, sql: str) -> None:
    """Invariant: a query that fills the disk fails, with the reason; the server goes on; jobs and
    results from before are intact; once there is room, the next query succeeds."""
    with Client(served.address) as client:
        before = client.submit(WIDE.format(1_000))
        assert before.result(60).rows == 1_000
        job = client.submit(sql, memory_bytes=64 * MIB)
        status = job.wait(90)
        assert status.state is JobState.FAILED
        assert status.error is not None
        said = f"{status.error.message} {status.error.hint}".lower()
        assert "space" in said or "room" in said, status.error
        assert status.attempt == 1, "it is no death of a runner"
        assert len(before.result().fetchall()) == 1_000
        # Whoever makes room: retention, or somebody who deletes the job.
        shutil.rmtree(inside(served) / "jobs" / job.id, ignore_errors=True)
        assert client.submit("SELECT 7").result(60).fetchall() == [(7,)]
        assert before.status().state is JobState.SUCCEEDED


def test_the_whole_disk_is_full(served: Served) -> None:
    """Invariant: with no byte left a submit is refused with 507, and nothing accepted is lost;
    with room again the server takes jobs without a restart."""
    ballast = inside(served) / "ballast"
    with (
        Client(served.address) as client,
        httpx.Client(
            base_url=served.address.url, headers=served.address.headers(), trust_env=False
        ) as http,
    ):
        before = [one.id for one in client.jobs()]
        with ballast.open("wb", buffering=0) as file:
            for size in (2**20, 4096):
                try:
                    while file.write(bytes(size)) == size:
                        pass
                except OSError:
                    continue
        accepted = []
        for _ in range(50):
            answer = http.post("/v1/jobs", json={"sql": "SELECT '" + "x" * 50_000 + "'"})
            if answer.status_code == 507:
                break
            assert answer.status_code == 202
            accepted.append(answer.json()["id"])
        assert (answer.status_code, answer.json()["code"]) == (507, "store_full")
        ballast.unlink()
        assert client.submit("SELECT 7").result(60).fetchall() == [(7,)]
        assert {*before, *accepted} <= {one.id for one in client.jobs()}
