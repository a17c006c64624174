"""Renews the translations of the window, or those in a folder that is named:

    .venv/bin/python packaging/translations.py

Qt's lupdate finds the texts of the program and keeps what was translated; lrelease makes the file
that Qt reads. Both come with PySide6. Translate the `.ts` files by hand or in Qt Linguist, then
run this again.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
SOURCES = HERE / "desktop" / "longwatch_desktop"
FOLDER = HERE / "resources" / "translations"


def renew(folder: Path = FOLDER) -> None:
    """Bring every `.ts` in `folder` up to date, and the `.qm` beside each."""
    programs = sorted(str(path) for path in SOURCES.rglob("*.py"))
    for ts in sorted(folder.glob("*.ts")):
        tool("lupdate", *programs, "-locations", "none", "-no-obsolete", "-ts", str(ts))
        tool("lrelease", str(ts), "-qm", str(ts.with_suffix(".qm")))


def tool(name: str, *arguments: str) -> None:
    """Run one of Qt's translation tools. Raises `CalledProcessError` with what it said."""
    said = subprocess.run(
        [str(Path(sys.executable).with_name(f"pyside6-{name}")), *arguments],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if said.returncode != 0:
        print(said.stdout, said.stderr, file=sys.stderr)
        said.check_returncode()


if __name__ == "__main__":
    renew(*map(Path, sys.argv[1:2]))
