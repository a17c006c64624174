"""The wheel and the sdist: what is in them, and that the wheel works where nothing else is."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from support.installed import FLIGHTS, check_window, clean, run

ROOT = Path(__file__).parents[2]
CONSTRAINTS = ROOT / "packaging" / "constraints.txt"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what `make dist` makes."""
    folder = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [sys.executable, str(ROOT / "packaging" / "dist.py"), str(folder)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    (found,) = dist.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a fresh environment with the wheel in it, and no extras."""
    folder = tmp_path_factory.mktemp("fresh")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], env=clean(), check=True)
    found = folder / "bin" / "python"
    install(found, str(wheel))
    return found


def install(python: Path, what: str) -> None:
    """Skips where no package index can be reached."""
    command = ("-m", "pip", "install", "--quiet", "-c", CONSTRAINTS, what)
    done = run(python, *command, cwd=python.parent)
    if done.returncode and ("Connection" in done.stderr or "No matching dist" in done.stderr):
        pytest.skip("no package index can be reached")
    assert done.returncode == 0, done.stderr


def test_the_data_is_in_it_and_the_tests_are_not(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
    for folder in ("samples", "queries"):
        here = [path for path in (ROOT / "resources" / folder).rglob("*") if path.is_file()]
        for path in here:
            place = path.relative_to(ROOT / "resources").as_posix()
            assert f"longwatch/_resources/{place}" in names
    assert not [name for name in names if "test" in Path(name).name]


def test_the_sbom_is_valid_and_every_licence_is_told(dist: Path) -> None:
    text = (dist / "longwatch.cdx.json").read_text(encoding="utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    names = {one["name"] for one in json.loads(text)["components"]}
    assert {"fastapi", "duckdb", "pyside6-essentials", "apprise", "celery"} <= names
    assert "pytest" not in names
    licences = (dist / "THIRD-PARTY-LICENCES.txt").read_text(encoding="utf-8")
    table = licences.split("\n\n")[1].splitlines()
    assert {line.split()[0] for line in table} == names
    assert all(len(line.split()) > 2 for line in table)


def test_without_a_screen(python: Path, tmp_path: Path) -> None:
    for code in ("import longwatch; print(longwatch.__file__)", "import longwatch.app"):
        done = run(python, "-W", "error", "-c", code, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert str(ROOT) not in done.stdout
    assert run(python, "-c", "import PySide6", cwd=tmp_path).returncode != 0
    program = python.with_name("longwatch")
    data_dir = str(tmp_path / "data")
    done = run(program, "run", FLIGHTS, "--json", cwd=tmp_path, LONGWATCH_DATA_DIR=data_dir)
    assert (done.returncode, done.stdout) == (0, '{"n":336776}\n'), done.stderr
    done = run(program, "doctor", "--data-dir", data_dir, cwd=tmp_path)
    assert "not installed" in done.stdout


def test_with_the_window(python: Path, wheel: Path, tmp_path: Path) -> None:
    install(python, f"{wheel}[desktop]")
    check_window(python.with_name("longwatch"), tmp_path)
