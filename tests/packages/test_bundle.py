"""The bundle of the window and the .deb: built, and started without any Python of this machine."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from longwatch.version import version
from support.installed import FLIGHTS, check_window, run

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1_200),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a bundle for Linux"),
]
NO_PYTHON = {"PATH": "/usr/bin:/bin", "PYTHONHOME": "/nonexistent"}


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what `make bundle` makes."""
    folder = tmp_path_factory.mktemp("bundle")
    done = subprocess.run(
        [sys.executable, str(ROOT / "packaging" / "bundle.py"), str(folder)],
        capture_output=True,
        text=True,
        timeout=1_000,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def program(dist: Path) -> Path:
    return dist / "longwatch" / "longwatch"


def test_the_window_opens_runs_the_sample_and_ends(program: Path, tmp_path: Path) -> None:
    check_window(program, tmp_path)


def test_the_command_line(program: Path, tmp_path: Path) -> None:
    environment = {**NO_PYTHON, "LONGWATCH_DATA_DIR": str(tmp_path / "data")}
    assert run(program, "--version", cwd=tmp_path, **environment).stdout.split()[1] == version()
    output = tmp_path / "n.xlsx"  # written by a helper
    done = run(program, "run", FLIGHTS, "--output", output, cwd=tmp_path, **environment)
    assert done.returncode == 0, done.stderr
    assert output.stat().st_size > 1_000
    seen = run(program, "doctor", cwd=tmp_path, **environment).stdout
    assert "BAD" not in seen.replace("BAD  free disk", "")


def test_what_is_in_it_is_told(program: Path) -> None:
    assert (program.parent / "longwatch.cdx.json").exists()
    assert "pyside6-essentials" in (program.parent / "THIRD-PARTY-LICENCES.txt").read_text("utf-8")
    assert (program.parent / "LICENSE").exists()
    names = {path.name for path in program.parent.rglob("*")}
    assert not names & {"direct_url.json", "pytest", "pyspark", "conftest.py"}


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="no dpkg-deb")
def test_the_deb(dist: Path, tmp_path: Path) -> None:
    (deb,) = dist.glob("*.deb")
    field = ("dpkg-deb", "--field", str(deb))
    assert run(*field, "Version", cwd=tmp_path).stdout.strip() == version()
    assert "libxcb-cursor0" in run(*field, "Depends", cwd=tmp_path).stdout
    owners = {
        line.split()[1]
        for line in run("dpkg-deb", "--contents", str(deb), cwd=tmp_path).stdout.splitlines()
    }
    assert owners == {"root/root"}
    assert run("dpkg-deb", "--extract", str(deb), "root", cwd=tmp_path).returncode == 0
    root = tmp_path / "root"
    share = root / "usr" / "share"
    for place in (
        "applications/longwatch.desktop",
        "metainfo/org.longwatch.Longwatch.metainfo.xml",
        "icons/hicolor/scalable/apps/longwatch.svg",
        "icons/hicolor/128x128/apps/longwatch.png",
        "doc/longwatch/copyright",
        "doc/longwatch/changelog.gz",
    ):
        assert (share / place).stat().st_size > 0, place
    check_window(root / "usr" / "bin" / "longwatch", tmp_path)
