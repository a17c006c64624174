"""What every test gets: a home of its own, an event loop, and no error that only gets logged.

Fixtures for one kind of test live in that folder's conftest.py.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import HealthCheck, settings


def _isolate(home: Path) -> None:
    """Point this process, and all it starts, to an empty home: no test reads or changes the data
    and settings of whoever runs it."""
    for name in [name for name in os.environ if name.startswith("LONGWATCH_")]:
        del os.environ[name]
    folders = {
        "HOME": home,
        "USERPROFILE": home,
        "APPDATA": home / "AppData" / "Roaming",
        "LOCALAPPDATA": home / "AppData" / "Local",
        "XDG_CACHE_HOME": home / ".cache",
        "XDG_CONFIG_HOME": home / ".config",
        "XDG_DATA_HOME": home / ".local" / "share",
        "XDG_STATE_HOME": home / ".local" / "state",
        "XDG_RUNTIME_DIR": home / "run",
        "LONGWATCH_DATA_DIR": home / "longwatch",
    }
    for name, folder in folders.items():
        os.environ[name] = str(folder)
    # Each of some hundred servers would make two runners that nobody needs. Tests of runners in
    # waiting ask for them.
    os.environ["LONGWATCH_WARM_SPARE"] = "false"
    # Nothing is put into the keyring of whoever runs the tests.
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    # Qt complains about a missing one, and about one that others can read.
    (home / "run").mkdir(mode=0o700)


# While this file is imported, as fixtures come too late: Qt reads its platform once, and without a
# display it aborts the process when there is none.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
_HOME = Path(tempfile.mkdtemp(prefix="longwatch-tests-"))
_isolate(_HOME)
# Where the machine's setting is to keep nothing compiled, as in many containers, every run would
# compile all tests anew, and every window, server and helper that they start all of Longwatch: a
# twelfth of the processor time of `make test`.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def _be_deaf(_number: int, _frame: FrameType | None) -> None:
    pass


def _hear_again() -> None:
    """Started under nohup or in a shell script's background, this process ignores these signals,
    and all it starts would: an ignored signal is passed on, a handler is not."""
    for name in ("SIGINT", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, _be_deaf)


_hear_again()

# A machine that is busy with something else holds up any example for more than Hypothesis' 200 ms,
# and makes the first ones slow. What hangs is ended by pytest's timeout.
settings.register_profile("longwatch", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("longwatch")


def pytest_unconfigure() -> None:
    shutil.rmtree(_HOME, ignore_errors=True)


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """asyncio's own loop, whatever the platform's policy says. tests/gui has Qt's."""
    return {"asyncio": asyncio.new_event_loop}


class _Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture(autouse=True)
def no_unhandled_errors() -> Iterator[list[logging.LogRecord]]:
    """Fail a test whose tasks or callbacks raised where nobody awaits: loops only log that. A test
    that expects it finds it here, and clears it away."""
    collector = _Collector()
    loggers = [logging.getLogger(name) for name in ("asyncio", "qasync")]
    for logger in loggers:
        logger.addHandler(collector)
    yield collector.records
    for logger in loggers:
        logger.removeHandler(collector)
    if collector.records:
        text = "\n".join(logging.Formatter().format(record) for record in collector.records)
        pytest.fail(f"An event loop reported:\n{text}", pytrace=False)
