"""The system libraries Qt needs on Linux, and which of them this machine lacks.

Qt aborts the process when one is missing, so it is asked before Qt is imported. Only the standard
library is used here: the set-up of a checkout runs this before anything is installed.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from collections.abc import Mapping
from typing import Final

BASE: Final[Mapping[str, str]] = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
}
"""Needed on any platform, offscreen too: library → Debian's package."""

XCB: Final[Mapping[str, str]] = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb-glx.so.0": "libxcb-glx0",
}
"""Needed beside them for a window on an X display."""


def missing(*, with_display: bool) -> dict[str, str]:
    """The libraries that cannot be loaded, each with the Debian package that has it; none on
    macOS and Windows, where Qt's wheels bring everything."""
    if not sys.platform.startswith("linux"):
        return {}
    wanted = {**BASE, **(XCB if with_display else {})}
    return {library: package for library, package in wanted.items() if not _loads(library)}


def needs_xcb(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a window here would be an X window."""
    platform = environment.get("QT_QPA_PLATFORM")
    if platform:
        return platform.startswith("xcb")
    return bool(environment.get("DISPLAY"))


def apt_command(packages: Mapping[str, str]) -> list[str]:
    """The command that installs the packages on Debian and Ubuntu."""
    return [
        "apt-get",
        "install",
        "--no-install-recommends",
        "-y",
        *dict.fromkeys(packages.values()),
    ]


def install_hint(lacking: Mapping[str, str]) -> str:
    """What to type to get the missing libraries."""
    names = ", ".join(lacking)
    if shutil.which("apt-get"):
        return f"Missing: {names}. Type: sudo {' '.join(apt_command(lacking))}"
    return f"Missing: {names}. Install them with this system's package manager."


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
