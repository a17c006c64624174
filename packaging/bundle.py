"""Builds the window as one folder that needs no Python, and on Debian and Ubuntu a .deb of it:

    .venv/bin/python packaging/bundle.py [FOLDER]

What is in `packaging/bundle/` says how. Takes three minutes.
"""

from __future__ import annotations

import gzip
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import inventory
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from longwatch.cli.qt_libraries import BASE, XCB
from longwatch.version import version

ROOT: Final = Path(__file__).resolve().parents[1]
HERE: Final = ROOT / "packaging" / "bundle"
EXTRAS: Final = ["adbc", "desktop", "postgres"]
APP_ID: Final = "org.longwatch.Longwatch"
ICON_SIZES: Final = (48, 128, 256)


def main(folder: Path) -> int:
    """Build both; the exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    bundle = freeze(folder)
    inventory.main(bundle, EXTRAS)
    shutil.copy(ROOT / "LICENSE", bundle)
    print(f"{bundle}: {size(bundle):,} bytes")
    if shutil.which("dpkg-deb") is None:
        print("No .deb: this system has no dpkg-deb.")
        return 0
    print(make_deb(bundle, folder))
    return 0


def freeze(folder: Path) -> Path:
    """The bundle's folder. Raises `CalledProcessError`."""
    work = folder / "work"
    command = ["-m", "PyInstaller", "--noconfirm", "--log-level", "ERROR"]
    places = ["--distpath", str(folder), "--workpath", str(work), str(HERE / "longwatch.spec")]
    subprocess.run([sys.executable, *command, *places], check=True)
    shutil.rmtree(work, ignore_errors=True)
    return folder / "longwatch"


def make_deb(bundle: Path, folder: Path) -> Path:
    """A package of `bundle`. Raises `CalledProcessError`."""
    machine = subprocess.run(
        ["dpkg", "--print-architecture"], capture_output=True, text=True, check=True
    ).stdout.strip()
    tree = folder / "deb"
    shutil.rmtree(tree, ignore_errors=True)
    lay_out(bundle, tree)
    control = tree / "DEBIAN" / "control"
    control.parent.mkdir()
    control.write_text(control_of(machine, size(tree) // 1024), encoding="utf-8")
    deb = folder / f"longwatch_{version()}_{machine}.deb"
    # zstd: xz takes five minutes for a tenth less. dpkg reads it since Debian 12, Ubuntu 18.04.
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Zzstd", "--build", str(tree), str(deb)],
        stdout=subprocess.DEVNULL,
        check=True,
    )
    shutil.rmtree(tree)
    return deb


def lay_out(bundle: Path, tree: Path) -> None:
    """The files as they lie on a system."""
    share = tree / "usr" / "share"
    doc = share / "doc" / "longwatch"
    places = {
        "applications": [HERE / "longwatch.desktop"],
        "metainfo": [HERE / f"{APP_ID}.metainfo.xml"],
        "icons/hicolor/scalable/apps": [ROOT / "resources" / "icons" / "longwatch.svg"],
    }
    for name, files in places.items():
        (share / name).mkdir(parents=True)
        for file in files:
            shutil.copy(file, share / name)
    draw_icons(share / "icons" / "hicolor")
    doc.mkdir(parents=True)
    shutil.copy(ROOT / "LICENSE", doc / "copyright")
    changes = (ROOT / "CHANGELOG.md").read_bytes()
    (doc / "changelog.gz").write_bytes(gzip.compress(changes, 9, mtime=0))
    shutil.copytree(bundle, tree / "usr" / "lib" / "longwatch", symlinks=True)
    (tree / "usr" / "bin").mkdir()
    (tree / "usr" / "bin" / "longwatch").symlink_to("../lib/longwatch/longwatch")
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            runs = path.is_dir() or os.access(path, os.X_OK)
            path.chmod(0o755 if runs else 0o644)


def draw_icons(folder: Path) -> None:
    """The icon in sizes for those who draw no SVG."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QGuiApplication.instance() or QGuiApplication([])
    renderer = QSvgRenderer(str(ROOT / "resources" / "icons" / "longwatch.svg"))
    for edge in ICON_SIZES:
        image = QImage(edge, edge, QImage.Format.Format_ARGB32)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        renderer.render(painter)
        painter.end()
        place = folder / f"{edge}x{edge}" / "apps"
        place.mkdir(parents=True)
        image.save(str(place / "longwatch.png"))
    del application


def control_of(machine: str, kibibytes: int) -> str:
    """Debian's description of the package."""
    # A bundle runs where the C library is not older than the one it was built with.
    libc = f"libc6 (>= {platform.libc_ver()[1]})"
    needs = ", ".join([libc, *dict.fromkeys([*BASE.values(), *XCB.values()])])
    return (
        "Package: longwatch\n"
        f"Version: {version()}\n"
        f"Architecture: {machine}\n"
        "Maintainer: The Longwatch authors <longwatch@localhost>\n"
        f"Installed-Size: {kibibytes}\n"
        f"Depends: {needs}\n"
        "Section: database\n"
        "Priority: optional\n"
        "Description: Launch long queries and watch them finish\n"
        " Write or pick a query, press Run, and see it in a live table: its phase, a\n"
        " progress bar that tells the truth, how long it still takes, its rows and its\n"
        " memory. Cancel it, and it is really gone.\n"
    )


def size(folder: Path) -> int:
    """Bytes of all files."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist"))
