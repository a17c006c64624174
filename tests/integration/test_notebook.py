"""The one line of a script or a notebook: an answer, and nothing left behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.processes import environment, runners_in, serve

ONE_LINER = (
    "import longwatch; print(longwatch.connect(data_dir={data!r}).submit('select 42')"
    ".result().fetchall())"
)


def python(code: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        env=environment(),
        cwd=cwd,
        timeout=60,
        check=False,
    )


def test_the_one_line(tmp_path: Path) -> None:
    data = tmp_path / "data"
    done = python(ONE_LINER.format(data=str(data)), tmp_path)
    assert (done.stdout, done.stderr, done.returncode) == ("[(42,)]\n", "", 0)
    assert runners_in(data) == []
    assert not (data / "server.json").exists()


def test_it_uses_a_server_that_runs(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serve(data) as served:
        done = python(ONE_LINER.format(data=str(data)), tmp_path)
        assert (done.stdout, done.stderr) == ("[(42,)]\n", "")
        assert served.process.poll() is None
        assert served.stop() == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        "import longwatch; c = longwatch.connect(data_dir={data!r}); c.submit({endless!r})",
        "import longwatch; longwatch.connect(data_dir={data!r})",
        "import longwatch, sys; c = longwatch.connect(data_dir={data!r}); sys.exit(0)",
    ],
    ids=["with a query running", "dropped at once", "by sys.exit"],
)
def test_a_script_that_closes_nothing_ends(tmp_path: Path, code: str) -> None:
    from support.servers import ENDLESS

    data = tmp_path / "data"
    done = python(code.format(data=str(data), endless=ENDLESS), tmp_path)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
    assert runners_in(data) == []
