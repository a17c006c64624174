"""Makes `.venv` and keeps it up to date: with which Python, and of which pins."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator

from checkout import CONSTRAINTS, PYTHON, ROOT, VENV, read, say
from steps import SetupFailed, quietly
from system_packages import install_system_packages, qt_libraries_lacking

STATE = VENV / ".longwatch-setup"
UNFINISHED = "unfinished"
# The last for pyspark-client, which comes as source; environments have it until Python 3.11 only.
BUILDERS = ("hatchling", "editables", "setuptools")
INSTALLED = ("-e", ".[desktop,postgres,adbc,spark,celery,otel,notify]", "--group", "dev")
OLDEST, NEWEST = (3, 11), (3, 13)


def set_up(command: str) -> None:
    """Give `command` what it needs. Raises `SetupFailed`, which says what to do about it."""
    lacking = qt_libraries_lacking(command)
    if not lacking and is_ready():
        return
    began = time.monotonic()
    with alone():
        python = None if has_usable_venv() else choose_python()
        if python is not None and not python.has_ensurepip:
            major, minor = python.version
            lacking = {"ensurepip": f"python{major}.{minor}-venv", **lacking}
        if lacking:
            install_system_packages(lacking)
        if python is not None:
            make_venv(python)
        if not is_ready():
            install()
    say(f"Ready after {time.monotonic() - began:.0f} s.")


def is_ready() -> bool:
    return PYTHON.exists() and read(STATE) == fingerprint()


def fingerprint() -> str:
    """What a finished set-up rests on. Computed at every call, so no process is started for it."""
    digest = hashlib.sha256()
    for path in (ROOT / "pyproject.toml", CONSTRAINTS, VENV / "pyvenv.cfg"):
        digest.update(read(path).encode())
    # The place, as scripts in .venv name it; and where its python really is, since an upgrade of
    # the system turns `python3` into another version.
    digest.update(f"{ROOT}\n{PYTHON.resolve()}\n".encode())
    # Packages that were added or removed by hand since.
    pattern = "Lib/site-packages" if os.name == "nt" else "lib/python*/site-packages"
    names = sorted(entry.name for entry in VENV.glob(f"{pattern}/*.dist-info"))
    digest.update("\n".join(names).encode())
    return digest.hexdigest()


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Wait until no other set-up of this checkout is under way."""
    try:
        import fcntl  # noqa: PLC0415 - Windows has none, but nobody runs `make -j` there
    except ImportError:
        yield
        return
    with (ROOT / ".venv.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another set-up of this checkout is under way; waiting for it.")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Interpreter:
    """A Python that could make `.venv`."""

    def __init__(self, path: str, version: tuple[int, int], has_ensurepip: bool) -> None:
        self.path = path
        self.version = version
        self.has_ensurepip = has_ensurepip


def probe(path: str, *needed: str) -> Interpreter | None:
    """The Python at `path`, or `None` if it doesn't run or cannot import all that is `needed`."""
    imports = ", ".join(["importlib.util", "sys", *needed])
    code = (
        f"import {imports}; "
        "print(*sys.version_info[:2], int(importlib.util.find_spec('ensurepip') is not None))"
    )
    try:
        answer = subprocess.run(
            [path, "-c", code], capture_output=True, text=True, timeout=60, check=True
        )
        major, minor, has_ensurepip = map(int, answer.stdout.split())
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return Interpreter(path, (major, minor), bool(has_ensurepip))


def choose_python() -> Interpreter:
    """The newest Python that fits, or the one named by `PYTHON` in the environment."""
    chosen = os.environ.get("PYTHON")
    # Started from inside .venv, the Python it was made with: .venv is about to go.
    running = getattr(sys, "_base_executable", None) or sys.executable
    newer = [shutil.which(name) for name in ("python3.13", "python3.12", "python3.11")]
    paths = [chosen] if chosen else [running, *(path for path in newer if path)]
    # Without these a Python, built by hand as a rule, installs everything and then runs nothing.
    found = [probe(path, "ctypes", "sqlite3", "ssl") for path in paths]
    fitting = [python for python in found if python and OLDEST <= python.version <= NEWEST]
    if not fitting:
        raise SetupFailed(
            "Longwatch needs Python 3.11, 3.12 or 3.13 with ctypes, sqlite3 and ssl; none was "
            f"found at {', '.join(paths)}."
        )
    return max(fitting, key=lambda python: (python.has_ensurepip, python.version))


def has_usable_venv() -> bool:
    """Whether installing into `.venv` can succeed. After an interrupted set-up it can't be told:
    pip takes a package whose files were half written for installed."""
    if not PYTHON.exists() or read(STATE) == UNFINISHED:
        return False
    for line in read(VENV / "pyvenv.cfg").splitlines():
        # The checkout was moved or copied: every script in .venv starts with its old place.
        if line.startswith("command =") and not line.rstrip().endswith(str(VENV)):
            return False
    python = probe(str(PYTHON), "pip")
    return python is not None and OLDEST <= python.version <= NEWEST


def make_venv(python: Interpreter) -> None:
    say(f"Making .venv with Python {python.version[0]}.{python.version[1]}")
    discarded = ROOT / ".venv.discarded"
    shutil.rmtree(discarded, ignore_errors=True)
    try:
        # Renamed first: a removal that is interrupted must not leave a .venv that looks whole.
        if VENV.exists():
            VENV.rename(discarded)
            shutil.rmtree(discarded, ignore_errors=True)
        VENV.mkdir()
        STATE.write_text(UNFINISHED, encoding="utf-8")
    except OSError as error:
        raise SetupFailed(f".venv cannot be made anew: {error}. Is a program using it?") from error
    quietly("Making .venv", [python.path, "-m", "venv", str(VENV)])


def install() -> None:
    before = read(STATE)
    if before == UNFINISHED:
        say("Installing Longwatch and what it needs into .venv (one to three minutes)")
    else:
        say("Bringing .venv up to date")
    STATE.write_text(UNFINISHED, encoding="utf-8")
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--no-input", "-c", str(CONSTRAINTS)]
    try:
        # The pip a Python brings may be too old for dependency groups (25.1). What builds the
        # project is installed beforehand, so that bringing .venv up to date needs no network if
        # no pin has changed.
        quietly("Upgrading pip", [*pip, "pip", *BUILDERS])
        quietly("Installing", [*pip, "--no-build-isolation", *INSTALLED])
    except SetupFailed:
        # pip downloads everything before it changes anything, so what was there is still whole.
        # Without a network it must be left to work.
        STATE.write_text(before, encoding="utf-8")
        raise
    STATE.write_text(fingerprint(), encoding="utf-8")
