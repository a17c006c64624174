"""Builds the wheel and the sdist into `dist/`, looks into both, and writes what they consist of:

.venv/bin/python packaging/dist.py [FOLDER]
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from typing import Final

import inventory
from packaging.metadata import Metadata
from packaging.requirements import Requirement

ROOT: Final = Path(__file__).resolve().parents[1]
EXTRAS: Final = ["adbc", "celery", "desktop", "notify", "otel", "postgres", "spark"]
NEEDED: Final = (
    "longwatch/__init__.py",
    "longwatch/py.typed",
    "longwatch/store/migrations/versions/0001_initial.py",
    "longwatch/_resources/samples/nycflights13/README.md",
    "longwatch/_resources/queries/",
    "longwatch_desktop/app.py",
    "longwatch_desktop/_resources/icons/longwatch.svg",
    "longwatch_desktop/_resources/translations/longwatch_de.qm",
)
"""Of a wheel; what ends with a slash is a folder with something in it."""
NEEDED_SOURCES: Final = (
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "server/longwatch/__init__.py",
    "desktop/longwatch_desktop/app.py",
    "resources/samples/nycflights13/README.md",
    "tests/conftest.py",
    "packaging/constraints.txt",
)
TOP: Final = frozenset({"longwatch", "longwatch_desktop"})
_NEVER: Final = ("__pycache__", ".pyc", ".venv", ".git/")


class NotRight(Exception):
    """What was built must not go out; says why."""


def main(folder: Path) -> int:
    """Build, look, write. The exit code."""
    for old in (*folder.glob("longwatch-*.whl"), *folder.glob("longwatch-*.tar.gz")):
        old.unlink()
    # The wheel is built from the sdist, so that whoever has that alone can build it, too.
    command = ["-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run([sys.executable, *command], check=False)
    if done.returncode != 0:
        return done.returncode
    (wheel,) = folder.glob("longwatch-*.whl")
    (sdist,) = folder.glob("longwatch-*.tar.gz")
    try:
        check_wheel(wheel)
        check_sdist(sdist)
    except NotRight as problem:
        print(problem, file=sys.stderr)
        return 1
    print(f"{wheel.name}: {wheel.stat().st_size:,} bytes; {sdist.name}: {sdist.stat().st_size:,}")
    inventory.main(folder, EXTRAS)
    return 0


def check_wheel(wheel: Path) -> None:
    """Raises `NotRight`."""
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
        info = next(name.partition("/")[0] for name in names if ".dist-info/" in name)
        metadata = opened.read(f"{info}/METADATA")
        entries = opened.read(f"{info}/entry_points.txt").decode()
    check_names(names, NEEDED)
    strange = {name.partition("/")[0] for name in names} - TOP - {info}
    if strange:
        raise NotRight(f"{wheel.name} would put {', '.join(sorted(strange))} beside Longwatch.")
    if f"{info}/licenses/LICENSE" not in names:
        raise NotRight(f"{wheel.name} lacks its licence.")
    if "longwatch = longwatch.cli:main" not in entries:
        raise NotRight(f"{wheel.name} lacks the command `longwatch`.")
    check_metadata(metadata)


def check_sdist(sdist: Path) -> None:
    """Raises `NotRight`."""
    with tarfile.open(sdist) as opened:
        names = [name.partition("/")[2] for name in opened.getnames()]
        described = opened.extractfile(f"{sdist.name.removesuffix('.tar.gz')}/PKG-INFO")
        assert described is not None
        metadata = described.read()
    check_names(names, NEEDED_SOURCES)
    check_metadata(metadata)


def check_names(names: list[str], needed: tuple[str, ...]) -> None:
    """Raises `NotRight` for a file that is missing, or has no business there."""
    for one in needed:
        if not any(name == one or (one.endswith("/") and name.startswith(one)) for name in names):
            raise NotRight(f"{one} is missing: see [tool.hatch.build] in pyproject.toml.")
    for name in names:
        if any(part in name for part in _NEVER):
            raise NotRight(f"{name} does not belong there.")


def check_metadata(text: bytes) -> None:
    """Raises `NotRight` for metadata that an index would refuse, as `twine check` does."""
    try:
        read = Metadata.from_email(text, validate=True)
    except ExceptionGroup as wrong:
        raise NotRight(f"The metadata is wrong: {wrong.exceptions}") from wrong
    raw: Message = BytesParser().parsebytes(text)
    if not read.summary or not (read.description or raw.get_payload()):
        raise NotRight("The metadata has no description.")
    if read.description_content_type != "text/markdown":
        raise NotRight("The description must say that it is Markdown, or an index shows its marks.")
    for line in raw.get_all("Requires-Dist") or []:
        if Requirement(line).url is not None:
            raise NotRight(f"No index takes a package that needs one by its address: {line}")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist"))
