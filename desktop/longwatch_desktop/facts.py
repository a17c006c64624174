"""What this program is and runs on: for *About*, and for whoever reads a report."""

from __future__ import annotations

import platform

import PySide6
from PySide6.QtCore import QLocale, qVersion
from PySide6.QtGui import QGuiApplication

from longwatch.version import version
from longwatch_desktop.session import Session
from longwatch_desktop.translation import tr


def versions(session: Session) -> list[str]:
    """A line each for the program, the server and what is below them."""
    there, address = session.health.version, session.address
    server = tr("server {version} at {url}") if there else tr("server none at {url}")
    return [
        f"Longwatch {version()}",
        server.format(version=there, url=address.url if address else "–"),
        f"Python {platform.python_version()}, PySide6 {PySide6.__version__}, Qt {qVersion()}",
        platform.platform(),
    ]


def surroundings() -> str:
    """A line about the screen and the language, which much of what goes wrong in windows has to do
    with."""
    screen = QGuiApplication.primaryScreen()
    size = screen.size()
    return (
        f"{QGuiApplication.platformName()}, {size.width()} × {size.height()} at "
        f"{screen.devicePixelRatio():g}, {QLocale.system().name()}"
    )
