"""The command line as a shell uses it: what goes where, and what the exit code says."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from longwatch.cli.exits import Exit
from longwatch.client.sync import Client, JobHandle
from longwatch.protocol.jobs import JobState
from support.processes import Served, longwatch, runners_in, serve, started
from support.servers import ENDLESS
from support.waiting import wait_until

ROWS = "SELECT range AS n, 'row ' || range AS t FROM range(3)"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server in a process of its own, which each command finds by its data folder."""
    with serve(tmp_path_factory.mktemp("served") / "data") as served:
        yield served
        assert served.stop() == 0


@pytest.fixture
def env(served: Served) -> dict[str, str]:
    return {"LONGWATCH_DATA_DIR": str(served.data_dir)}


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[Client]:
    with Client(served.address) as client:
        yield client


class TestRun:
    def test_rows_go_to_standard_output_and_all_else_does_not(self, env: dict[str, str]) -> None:
        done = longwatch("run", ROWS, env=env)
        assert done.code == Exit.SUCCEEDED
        assert done.out == b"n,t\n0,row 0\n1,row 1\n2,row 2\n"
        assert "succeeded" in done.err
        assert "3 rows" in done.err

    def test_a_file(self, env: dict[str, str], tmp_path: Path) -> None:
        file = tmp_path / "a query.sql"
        file.write_text("\ufeffSELECT 'Zoë' AS name;\n", encoding="utf-8")
        assert longwatch("run", file, env=env).text == "name\nZoë\n"
        listed = longwatch("jobs", "--limit", "1", env=env).text
        assert "a query" in listed

    def test_standard_input(self, env: dict[str, str]) -> None:
        assert longwatch("run", "-", stdin="SELECT 7 AS a", env=env).text == "a\n7\n"

    def test_json_lines(self, env: dict[str, str]) -> None:
        sql = (
            "SELECT 1 AS a, 'é\n' AS a, NULL AS b, 1.50::DECIMAL(9, 2) AS c, [1] AS d, "
            "'nan'::DOUBLE AS e, INTERVAL 1 MONTH AS f, DATE '20000-01-01' AS g"
        )
        done = longwatch("run", sql, "--json", env=env)
        assert json.loads(done.text) == {
            "a": 1, "a_2": "é\n", "b": None, "c": 1.5, "d": [1], "e": None, "f": "P1M",
            "g": "20000-01-01",
        }  # fmt: skip

    def test_no_rows(self, env: dict[str, str]) -> None:
        assert longwatch("run", f"{ROWS} LIMIT 0", env=env).text == "n,t\n"
        assert longwatch("run", f"{ROWS} LIMIT 0", "--json", env=env).out == b""

    def test_csv_quotes_what_needs_it(self, env: dict[str, str]) -> None:
        sql = "SELECT 'a,b' AS x, 'say \"é\"' AS y, E'two\\nlines' AS z, NULL AS n, true AS t"
        done = longwatch("run", sql, env=env)
        assert list(csv.reader(io.StringIO(done.text, newline=""))) == [
            ["x", "y", "z", "n", "t"],
            ["a,b", 'say "é"', "two\nlines", "", "true"],
        ]

    @pytest.mark.parametrize("extension", ["csv", "jsonl", "json", "parquet", "arrow"])
    def test_every_kind_of_file(self, env: dict[str, str], tmp_path: Path, extension: str) -> None:
        """More rows than one page has."""
        file = tmp_path / f"out.{extension}"
        sql = "SELECT range AS n, range * 0.5 AS half FROM range(120000)"
        done = longwatch("run", sql, "-o", file, env=env)
        assert done.code == Exit.SUCCEEDED, done.err
        assert done.out == b""
        assert f"120,000 rows written to {file}" in done.err
        assert [path.name for path in tmp_path.iterdir()] == [file.name]
        assert _read(file) == list(range(120_000))

    def test_a_file_of_an_unknown_kind(self, env: dict[str, str], tmp_path: Path) -> None:
        done = longwatch("run", ROWS, "-o", tmp_path / "out.xls", env=env)
        assert done.code == Exit.USAGE
        assert ".parquet" in done.err

    def test_a_file_in_no_folder(self, env: dict[str, str], tmp_path: Path) -> None:
        done = longwatch("run", ROWS, "-o", tmp_path / "no" / "out.csv", env=env)
        assert done.code == Exit.USAGE
        assert "does not exist" in done.err

    def test_without_waiting(self, env: dict[str, str], client: Client) -> None:
        done = longwatch("run", ENDLESS, "--no-wait", env=env)
        assert done.code == Exit.SUCCEEDED
        job = client.job(done.text.strip())
        assert not job.status().state.is_final
        job.cancel()
        said = longwatch("run", "SELECT 7", "--no-wait", "--json", env=env)
        assert json.loads(said.text)["state"] == "queued"

    def test_a_mistake_shows_its_place(self, env: dict[str, str]) -> None:
        done = longwatch("run", "SELECT 1,\n  'é', nme\nFROM flights", env=env)
        assert done.code == Exit.FAILED
        assert done.out == b""
        lines = done.err.splitlines()
        at = next(i for i, line in enumerate(lines) if line.startswith("line 2: "))
        assert lines[at + 1].index("^") == lines[at].index("nme")
        assert "Traceback" not in done.err

    @pytest.mark.parametrize(
        ("arguments", "code", "says"),
        [
            (["run", "SELECT 1", "--source", "nowhere"], Exit.USAGE, "nowhere"),
            (["run", "  "], Exit.USAGE, "no SQL"),
            (["run", "missing.sql"], Exit.USAGE, "no file missing.sql"),
            (["run"], Exit.USAGE, "Missing argument"),
            (["nonsense"], Exit.USAGE, "No such command"),
            (["run", "/* only a comment */"], Exit.FAILED, "empty_sql"),
            (["show", "nosuchjob"], Exit.USAGE, "no job nosuchjob"),
            (["cancel", "nosuchjob"], Exit.USAGE, "no job nosuchjob"),
        ],
    )
    def test_exit_codes(
        self, env: dict[str, str], arguments: list[str], code: Exit, says: str
    ) -> None:
        done = longwatch(*arguments, env=env)
        assert done.code == code
        assert says in done.err
        assert done.out == b""
        assert "Traceback" not in done.err

    def test_cancelled_by_somebody_else(self, env: dict[str, str], client: Client) -> None:
        with started("run", ENDLESS, "--name", "to be cancelled", env=env) as process:
            _named(client, "to be cancelled").cancel()
            _, err = process.communicate(timeout=60)
        assert process.returncode == Exit.CANCELLED
        assert b"cancelled, confirmed" in err

    @pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_a_signal_cancels_the_query(
        self, env: dict[str, str], client: Client, number: signal.Signals
    ) -> None:
        name = f"interrupted by {number.name}"
        with started("run", ENDLESS, "--name", name, env=env) as process:
            job = _named(client, name)
            wait_until(lambda: job.status().phase == "executing")
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
        assert process.returncode == Exit.INTERRUPTED
        assert out == b""
        assert b"cancelled, confirmed" in err
        assert job.status().state is JobState.CANCELLED

    @pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
    def test_under_nohup_it_outlives_the_terminal(
        self, env: dict[str, str], client: Client
    ) -> None:
        with (
            ignored(signal.SIGHUP),
            started("run", ENDLESS, "--name", "under nohup", env=env) as process,
        ):
            job = _named(client, "under nohup")
            wait_until(lambda: job.status().phase == "executing")
            process.send_signal(signal.SIGHUP)
            job.cancel()
            process.communicate(timeout=60)
        assert process.returncode == Exit.CANCELLED, "by us, not by the signal"

    @pytest.mark.skipif(os.name != "posix", reason="POSIX shells")
    def test_a_reader_that_leaves(self, env: dict[str, str]) -> None:
        sql = "SELECT range FROM range(1000000)"
        with started("run", sql, env=env) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"range\n"
            process.stdout.close()
            assert process.stderr is not None
            said = process.stderr.read()
            assert process.wait(60) == Exit.SUCCEEDED, said.decode()
            assert b"Broken" not in said


@pytest.fixture
def job(client: Client) -> str:
    """A job that is over."""
    job = client.submit(ROWS, name="three rows")
    job.wait(30)
    return job.id


class TestJobs:
    def test_list(self, env: dict[str, str], job: str) -> None:
        done = longwatch("jobs", env=env)
        line = next(line for line in done.text.splitlines() if line.startswith(job))
        assert re.search(r"succeeded\s+3\s", line)
        assert "three rows" in line
        listed = longwatch("jobs", "--json", "--state", "succeeded", env=env).text.splitlines()
        assert job in {json.loads(line)["id"] for line in listed}
        assert longwatch("jobs", "--json", "--source", "nowhere", env=env).out == b""

    def test_a_shortened_list_says_so(self, env: dict[str, str], client: Client) -> None:
        client.submit("SELECT 1").wait(30)
        assert " of " in longwatch("jobs", "--limit", "1", env=env).err

    def test_show(self, env: dict[str, str], job: str) -> None:
        text = longwatch("show", job[:12], env=env).text
        assert ROWS in text
        assert "succeeded" in text
        assert json.loads(longwatch("show", job, "--json", env=env).text)["sql"] == ROWS
        assert longwatch("show", job, "--log", env=env).code == Exit.SUCCEEDED

    def test_cancel(self, env: dict[str, str], client: Client, job: str) -> None:
        running = client.submit(ENDLESS)
        wait_until(lambda: running.status().phase == "executing")
        done = longwatch("cancel", running.id, env=env)
        assert (done.code, done.text) == (
            Exit.SUCCEEDED, f"{running.id} cancelled, confirmed\n",
        )  # fmt: skip
        over = longwatch("cancel", job, env=env)
        assert over.code == Exit.SUCCEEDED
        assert "was over already" in over.text


class TestServers:
    def test_no_server_and_none_may_be_started(self, tmp_path: Path) -> None:
        done = longwatch("run", ROWS, "--no-wait", "--data-dir", tmp_path / "none")
        assert done.code == Exit.UNREACHABLE
        assert "longwatch serve" in done.err

    def test_a_server_that_is_not_there(self) -> None:
        env = {"LONGWATCH_URL": "http://127.0.0.1:9", "LONGWATCH_TOKEN": "x" * 43}
        for command in (["run", ROWS], ["show", "x"]):
            done = longwatch(*command, env=env)
            assert done.code == Exit.UNREACHABLE
            assert "127.0.0.1:9" in done.err
            assert "Traceback" not in done.err

    def test_a_token_that_is_wrong(self, served: Served, tmp_path: Path) -> None:
        token = tmp_path / "token"
        token.write_text("x" * 43)
        done = longwatch("run", ROWS, "--server", served.address.url, "--token-file", token)
        assert done.code == Exit.UNREACHABLE
        assert "token" in done.err

    def test_the_right_token_in_a_file(self, served: Served, tmp_path: Path) -> None:
        token = tmp_path / "token"
        token.write_text(served.address.token + "\n")
        done = longwatch("run", ROWS, "--server", served.address.url, "--token-file", token)
        assert done.code == Exit.SUCCEEDED

    def test_a_token_without_a_url_and_two_servers(self, served: Served, tmp_path: Path) -> None:
        missing = longwatch("jobs", "--server", served.address.url)
        assert missing.code != Exit.SUCCEEDED
        assert "needs a token" in missing.err
        both = longwatch("jobs", "--server", "http://x", "--data-dir", tmp_path)
        assert both.code == Exit.USAGE

    def test_one_is_started_for_the_command_and_ends_with_it(self, tmp_path: Path) -> None:
        data_dir = tmp_path / "data"
        env = {"LONGWATCH_WARM_SPARE": "false"}
        done = longwatch("run", ROWS, "--data-dir", data_dir, env=env)
        assert done.code == Exit.SUCCEEDED
        assert done.out.startswith(b"n,t\n0,")
        assert runners_in(data_dir) == []
        assert "three" not in longwatch("jobs", "--data-dir", data_dir, env=env).text


class TestServe:
    def test_the_ready_file(self, tmp_path: Path) -> None:
        with serve(tmp_path / "data", LONGWATCH_WARM_SPARE="true") as served:
            ready = tmp_path / "data.ready"
            if os.name == "posix":
                assert stat.S_IMODE(ready.stat().st_mode) == 0o600
            said = json.loads(ready.read_text())
            assert set(said) == {"url", "token", "pid"}
            assert psutil.Process(said["pid"]).cmdline()[-5] == "serve"
            with Client(served.address) as client:
                assert client.submit("SELECT 7").result(30).fetchall() == [(7,)]
            assert served.stop() == Exit.SUCCEEDED
        assert not ready.exists()
        assert runners_in(tmp_path / "data") == []
        assert "Traceback" not in (tmp_path / "data.out").read_text()

    def test_a_token_of_ones_own(self, tmp_path: Path) -> None:
        token = "a-token-of-ones-own-that-is-long-enough-43c"
        env = {"LONGWATCH_TOKEN": token, "LONGWATCH_WARM_SPARE": "false"}
        with serve(tmp_path / "data", **env) as served:
            assert served.address.token == token

    def test_a_second_one(self, served: Served) -> None:
        done = longwatch("serve", "--data-dir", served.data_dir)
        assert done.code == Exit.UNREACHABLE
        assert served.address.url in done.err

    def test_beyond_this_machine_only_with_tls_or_a_proxy(self, tmp_path: Path) -> None:
        done = longwatch("serve", "--host", "0.0.0.0", "--data-dir", tmp_path / "data")
        assert done.code == Exit.USAGE
        assert "--behind-proxy" in done.err
        assert "--tls-self-signed" in done.err
        assert "Traceback" not in done.err

    def test_a_port_that_is_taken(self, served: Served, tmp_path: Path) -> None:
        port = served.address.url.rsplit(":", 1)[1]
        done = longwatch("serve", "--port", port, "--data-dir", tmp_path / "data")
        assert done.code == Exit.UNREACHABLE
        assert f"Port {port}" in done.err


class TestDoctor:
    def test_with_a_server(self, env: dict[str, str], served: Served) -> None:
        done = longwatch("doctor", "--json", env=env)
        findings = {one["what"]: one for one in map(json.loads, done.text.splitlines())}
        assert findings["server"]["found"] == f"running at {served.address.url}"
        assert findings["data folder"]["ok"] is True
        assert findings["duckdb"]["ok"] is True

    def test_a_folder_that_others_can_read(self, tmp_path: Path) -> None:
        if os.name != "posix":
            pytest.skip("modes are POSIX's")
        tmp_path.chmod(0o755)
        done = longwatch("doctor", "--data-dir", tmp_path)
        assert done.code == Exit.FAILED
        assert f"chmod 700 {tmp_path}" in done.text


def test_help_names_the_exit_codes() -> None:
    done = longwatch("--help")
    assert done.code == Exit.SUCCEEDED
    for code in Exit:
        assert re.search(rf"\b{code.value}\b", done.text)
    for command in ("run", "serve", "jobs", "show", "cancel", "doctor"):
        assert longwatch(command, "--help").code == Exit.SUCCEEDED


def test_version() -> None:
    from longwatch.version import version

    assert longwatch("--version").text == f"longwatch {version()}\n"


class TestWithoutDisplay:
    def test_files_are_for_the_window(self, tmp_path: Path) -> None:
        file = tmp_path / "q.sql"
        file.write_text(ROWS)
        done = longwatch(file)
        assert done.code == Exit.USAGE
        assert "no display" in done.err
        assert "longwatch run" in done.err

    def test_the_sample_begins_and_can_be_interrupted(self, tmp_path: Path) -> None:
        env = {"LONGWATCH_DATA_DIR": str(tmp_path / "data"), "LONGWATCH_THREADS": "1"}
        with started(env=env, stdin=subprocess.DEVNULL) as process:
            assert process.stderr is not None
            said = [process.stderr.readline().decode() for _ in range(2)]
            assert "no display" in said[0]
            assert "Overtaken" in said[1]
            while "executing" not in process.stderr.readline().decode():
                assert process.poll() is None
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        assert process.returncode == Exit.INTERRUPTED
        assert b"cancelled, confirmed" in err
        assert out == b""
        assert runners_in(tmp_path / "data") == []

    @pytest.mark.slow
    @pytest.mark.timeout(1_800)
    def test_the_sample_runs_to_its_end(self, tmp_path: Path) -> None:
        env = {"LONGWATCH_DATA_DIR": str(tmp_path / "data")}
        with started(env=env, stdin=subprocess.DEVNULL) as process:
            # 110 s of computing, of which a busy machine makes many minutes.
            out, err = process.communicate(timeout=1_700)
        assert process.returncode == Exit.SUCCEEDED
        assert len(out.splitlines()) > 90
        assert b"succeeded" in err


@contextmanager
def ignored(number: signal.Signals) -> Iterator[None]:
    """What is started meanwhile ignores this signal: nohup does no more."""
    before = signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(number, before)


def _named(client: Client, name: str) -> JobHandle:
    """The job of this name, once there is one."""
    found = wait_until(lambda: [job.id for job in client.jobs() if job.name == name])
    return client.job(found[0])


def _read(file: Path) -> list[int]:
    match file.suffix:
        case ".csv":
            with file.open(newline="") as lines:
                return [int(row["n"]) for row in csv.DictReader(lines)]
        case ".jsonl":
            return [json.loads(line)["n"] for line in file.read_text().splitlines()]
        case ".json":
            return [row["n"] for row in json.loads(file.read_text())]
        case ".parquet":
            table = pq.read_table(file)
        case _:
            table = pa.ipc.open_file(str(file)).read_all()
    return [int(n or 0) for n in table["n"].to_pylist()]
