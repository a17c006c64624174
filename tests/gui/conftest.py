"""What every test of the window gets: the application and, if it is async, Qt's event loop.

Any message of Qt's fails the test (`qt_log_level_fail` in pyproject.toml).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtWidgets import QApplication

from longwatch.client.address import Address
from longwatch_desktop.clipboard import settle_clipboard
from longwatch_desktop.garbage import GarbageCollector
from longwatch_desktop.loop import new_loop
from longwatch_desktop.theme import Mode, Theme
from support.servers import serving
from support.waiting import eventually
from support.windows import OFFSCREEN, Desk
from support.windows import desk as open_desk


def pytest_itemcollected(item: pytest.Item) -> None:
    item.add_marker(pytest.mark.qt_log_ignore(OFFSCREEN))


@pytest.fixture(scope="session", autouse=True)
def application(qapp: QApplication) -> Iterator[QApplication]:
    """The one application, made before the first loop: a loop is made for it."""
    # Closing the last window would end the loop under the test's feet.
    qapp.setQuitOnLastWindowClosed(False)
    yield qapp
    settle_clipboard()


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop the program runs on. Timers and signals work while a test awaits; `qtbot.wait` in
    an async test hangs."""
    return {"qasync": _new_loop}


def _new_loop() -> asyncio.AbstractEventLoop:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    return new_loop(app)


@pytest.fixture(scope="session", autouse=True)
def collector(application: QApplication) -> Iterator[GarbageCollector]:
    """As in the program: widgets are never collected in a thread of the server's."""
    given = GarbageCollector(application)
    given.start()
    yield given
    given.stop()


@pytest.fixture(autouse=True)
def no_widgets_left(application: QApplication) -> Iterator[None]:
    """A widget that stayed would be styled again at every change of theme, and cost each test
    after it time."""
    yield
    for widget in application.topLevelWidgets():
        if shiboken6.isValid(widget) and widget.parent() is None:
            shiboken6.delete(widget)


@pytest.fixture(scope="session")
def theme(application: QApplication) -> Theme:
    """The light theme; who chooses another puts it back."""
    return Theme(application, Mode.LIGHT)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """A real server that the tests of one module share."""
    with serving(tmp_path_factory.mktemp("data")) as (_, where):
        yield where


@pytest.fixture
async def desk(address: Address, theme: Theme, tmp_path: Path) -> AsyncIterator[Desk]:
    """A window over the shared server, with settings of its own."""
    async with open_desk(address, theme, tmp_path / "window.ini") as given:
        yield given


@pytest.fixture
async def ready(desk: Desk) -> AsyncIterator[Desk]:
    """A connected window; queries that still run at the end are cancelled."""
    await desk.connected()
    yield desk
    desk.window.control.cancel(desk.jobs())
    await eventually(lambda: all(job.state.is_final for job in desk.jobs()))
