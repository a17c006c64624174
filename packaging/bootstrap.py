"""Sets up a checkout, then runs, tests or checks it. `make` calls this; Windows types it:

    python packaging/bootstrap.py run

Needs nothing but Python's standard library. The first call makes `.venv` from
`packaging/constraints.txt` and installs the system libraries Qt wants, or says what to type where
it may not; later calls find that done and lose no time. Everything it says goes to stderr, so that
`run` can be piped.
"""

import shutil
import subprocess
import sys

# An older Python must get a sentence, not a SyntaxError: no syntax newer than 3.6's in this file.
if sys.version_info < (3, 11):  # noqa: UP036
    for _name in ("python3.13", "python3.12", "python3.11"):
        _newer = shutil.which(_name)
        # A version manager's shim may be found and still have no Python behind it.
        if _newer and subprocess.call([_newer, "-c", ""], stderr=subprocess.DEVNULL) == 0:
            sys.exit(subprocess.call([_newer] + sys.argv))  # noqa: RUF005
    _this = ".".join(map(str, sys.version_info[:2]))
    sys.exit(f"Longwatch needs Python 3.11, 3.12 or 3.13; this is {_this}.")

import contextlib
import hashlib
import importlib.util
import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
EXE = ".exe" if os.name == "nt" else ""
PYTHON = BIN / f"python{EXE}"
CONSTRAINTS = ROOT / "packaging" / "constraints.txt"
STATE = VENV / ".longwatch-setup"
UNFINISHED = "unfinished"
BUILDERS = ("hatchling", "editables")
INSTALLED = ("-e", ".[desktop,postgres,adbc,spark,celery,otel,notify]", "--group", "dev")
AUDIT_S = 30
OLDEST, NEWEST = (3, 11), (3, 13)

COMMANDS = {
    "run": "open the window; without a display, run a sample query in the terminal",
    "test": "run the tests, without those that take tens of seconds each",
    "test-all": "run every test",
    "check": "ruff (format and lint), mypy and import-linter: what a change must pass; pip-audit",
    "dist": "build the wheel and the sdist into dist/, with an SBOM and the licences",
    "bundle": "build the window as one folder and as a .deb, into dist/",
    "screenshot": "render the real window into PNG files",
    "bench": "measure what Longwatch promises about speed",
    "setup": "only make the environment (.venv) the others need",
    "clean": "remove caches and builds; keeps .venv",
}

SCRIPTS = {"dist": "dist.py", "bundle": "bundle.py", "screenshot": "screenshots.py"}

CAUSES = (
    (
        r"not yet valid|certificate has expired|is not valid yet|Release file .* is expired",
        "A certificate or a signature is out of its time. This machine's clock says {now}: if "
        "that is wrong, set it and try again.",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED",
        "The server's certificate is not trusted here. Behind a proxy with a certificate of its "
        "own, name that with PIP_CERT; a fresh Debian wants the package ca-certificates.",
    ),
    (
        r"name resolution|resolving|Could not resolve|getaddrinfo|NewConnectionError|"
        r"Network is unreachable|Connection refused|timed out|Cannot connect to proxy|"
        r"ProxyError|Connection reset|Could not connect",
        "The network, or the server behind it, did not answer. Try again when it does; what was "
        "downloaded is kept.",
    ),
    (r"No space left on device|Errno 28", "The disk is full. Longwatch's set-up needs 2 GB."),
    (
        r"No matching distribution|ResolutionImpossible",
        "There is no build of a package for this Python or machine: see the line above. Another "
        "Python may have one: PYTHON=python3.12 make setup.",
    ),
    (
        r"Could not get lock|Unable to acquire the dpkg frontend lock",
        "Another program is installing packages. Try again when it has finished.",
    ),
    (r"Permission denied", "This user may not write there: who owns the checkout and .venv?"),
)


class SetupFailed(Exception):
    """Ends the set-up; its message is for the person at the keyboard."""


def main(arguments: Sequence[str]) -> int:
    command, rest = (arguments[0], list(arguments[1:])) if arguments else ("help", [])
    if command in ("help", "-h", "--help"):
        print_help()
        return 0
    if command not in COMMANDS:
        print_help()
        say(f"There is no {command!r}.")
        return 2
    if command == "clean":
        clean()
        return 0
    try:
        set_up(command)
    except SetupFailed as failure:
        say(str(failure))
        return 1
    except KeyboardInterrupt:
        say("Stopped. The next call finishes the set-up.")
        return 130
    return carry_out(command, rest)


def print_help() -> None:
    called_by_make = bool(os.environ.get("MAKELEVEL"))
    say("Usage: make COMMAND" if called_by_make else "Usage: python packaging/bootstrap.py COMMAND")
    for command, what in COMMANDS.items():
        say(f"  {command:<12}{what}")
    if called_by_make:
        say("ARGS='…' hands arguments on: make run ARGS='query.sql', make test ARGS='-k feed'")
    say("PYTHON=python3.12 in the environment chooses the Python of a new .venv.")


def carry_out(command: str, rest: Sequence[str]) -> int:
    if command == "setup":
        return 0
    if command == "run":
        return become([tool("longwatch"), *rest])
    if command == "check":
        return check()
    if command in SCRIPTS:
        return become([str(PYTHON), str(ROOT / "packaging" / SCRIPTS[command]), *rest])
    if command == "bench":
        os.chdir(ROOT / "tests")
        return become([str(PYTHON), "-m", "benchmarks", *rest])
    # Qt aborts the process where it finds neither a display nor this.
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    fast = ["-m", "not slow"] if command == "test" else []
    # Two at a time, a file each: tests mostly wait for processes. In the order of the folders, so
    # that unit tests, the quickest files, come last, and neither waits for the other in the end.
    pairs = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
    side_by_side = pairs if not rest else []
    return become([tool("pytest"), "--rootdir", str(ROOT), *side_by_side, *fast, *rest])


def check() -> int:
    """Run every checker, so that one call shows everything there is to mend."""
    checks = (
        ["ruff", "format", "--check", "--quiet", "."],
        ["ruff", "check", "--quiet", "."],
        ["mypy"],
        ["lint-imports"],
    )
    failed = []
    for name, *arguments in checks:
        line = " ".join([name, *arguments])
        say(f"── {line}")
        if subprocess.call([tool(name), *arguments], cwd=ROOT) != 0:
            failed.append(line)
    if not audit():
        failed.append("pip-audit")
    if failed:
        say(f"Failed: {', '.join(failed)}")
    return 1 if failed else 0


def audit() -> bool:
    """Whether no pinned package is known to be vulnerable. Where nobody answers that within half a
    minute nothing is known, which is no fault of the change: it says so."""
    say("── pip-audit")
    # Without markers: they are for other Pythons and systems.
    pins = [line.partition(";")[0].strip() for line in read(CONSTRAINTS).splitlines()]
    pins = [pin for pin in pins if "==" in pin]
    try:
        # One first: an index without the list says so for each of two hundred, for 13 s.
        said = ask_index(pins[:1])
        if judged(said) is not None:
            said = ask_index(pins)
    except subprocess.TimeoutExpired:
        say(f"Skipped: no answer within {AUDIT_S} s.")
        return True
    is_well = judged(said)
    if is_well is None:
        lines = said.strip().splitlines() or ["no answer"]
        say(f"Skipped, the list of vulnerabilities is out of reach: {lines[-1][:150]}")
    elif not is_well:
        say(said.rstrip())
    return is_well is not False


def judged(said: str) -> bool | None:
    """Whether pip-audit found all well; `None` where it could not tell."""
    if re.search(r"^Found \d+ known vulnerabilit", said, re.MULTILINE):
        return False
    if re.search(r"^No known vulnerabilities found", said, re.MULTILINE):
        return None if "could not be audited" in said else True
    return None


def ask_index(pins: Sequence[str]) -> str:
    """What pip-audit says of these packages. Raises `subprocess.TimeoutExpired`."""
    with tempfile.TemporaryDirectory(prefix="longwatch-audit-") as folder:
        listed = Path(folder) / "requirements.txt"
        listed.write_text("\n".join(pins) + "\n", encoding="utf-8")
        command = [tool("pip-audit"), "--requirement", str(listed), "--no-deps", "--disable-pip"]
        return subprocess.run(
            [*command, "--progress-spinner=off", "--timeout=8"],
            env={**os.environ, "PIP_AUDIT_LOGLEVEL": "error"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=AUDIT_S,
            check=False,
        ).stdout


def clean() -> None:
    caches = (".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".import_linter_cache")
    for name in (*caches, ".bench", "dist", "build"):
        shutil.rmtree(ROOT / name, ignore_errors=True)
    for folder in ("server", "desktop", "tests", "packaging"):
        for cache in (ROOT / folder).rglob("__pycache__"):
            shutil.rmtree(cache, ignore_errors=True)


# --- the set-up ---------------------------------------------------------------------------------


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


# --- the system ---------------------------------------------------------------------------------


def qt_libraries() -> ModuleType:
    """`longwatch.cli.qt_libraries`, before Longwatch is installed."""
    path = ROOT / "server" / "longwatch" / "cli" / "qt_libraries.py"
    spec = importlib.util.spec_from_file_location("qt_libraries", path)
    if spec is None or spec.loader is None:
        raise SetupFailed(f"{path} is missing: is the checkout complete?")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def qt_libraries_lacking(command: str) -> Mapping[str, str]:
    """Library → Debian package, of those `command` needs and this machine lacks."""
    if command == "check" or not sys.platform.startswith("linux"):
        return {}
    environment = dict(os.environ)
    if command == "run":
        # Without a display the sample query runs in the terminal, which Qt has no part in. Where
        # nothing can be installed, `longwatch` itself says so if it comes to opening the window.
        names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
        if not any(map(environment.get, names)) or not may_install():
            return {}
    elif command != "setup":
        environment["QT_QPA_PLATFORM"] = environment.get("QT_QPA_PLATFORM") or "offscreen"
    libraries = qt_libraries()
    lacking: Mapping[str, str] = libraries.missing(with_display=libraries.needs_xcb(environment))
    return lacking


def may_install() -> bool:
    return os.name == "posix" and os.geteuid() == 0 and shutil.which("apt-get") is not None


def install_system_packages(lacking: Mapping[str, str]) -> None:
    """Install the packages that hold what is lacking, or say what to type."""
    libraries = qt_libraries()
    if not may_install():
        raise SetupFailed(libraries.install_hint(lacking))
    say(f"Installing system packages: {', '.join(dict.fromkeys(lacking.values()))}")
    # A machine that has just started may be updating itself.
    apt = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120"]
    # The lists may be older than the packages, and a fresh container has none.
    quietly("apt-get update", [*apt, "update"])
    quietly("apt-get install", [*apt, *libraries.apt_command(lacking)[1:]])


def quietly(step: str, command: Sequence[str]) -> None:
    """Run one step without its chatter. Raises `SetupFailed` after printing all of it."""
    environment = {
        **os.environ,
        "DEBIAN_FRONTEND": "noninteractive",
        "LC_ALL": "C.UTF-8",  # CAUSES are English
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_USER": "0",  # a user's own pip.conf may say otherwise, and pip then refuses
    }
    environment.pop("PYTHONHOME", None)
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        say(done.stdout.rstrip())
        raise SetupFailed(f"{step} failed (exit code {done.returncode}). {cause(done.stdout)}")


def cause(output: str) -> str:
    """What to do about the failure that printed `output`; empty if it tells for itself."""
    for pattern, advice in CAUSES:
        if re.search(pattern, output):
            return advice.format(now=datetime.now().astimezone().isoformat(" ", "minutes"))
    return ""


# --- small things -------------------------------------------------------------------------------


def tool(name: str) -> str:
    return str(BIN / f"{name}{EXE}")


def become(command: list[str]) -> int:
    """Go on as `command`, with its exit code; signals reach it as if it had been typed."""
    if os.name != "nt":  # exec there returns to the shell while the program still runs
        sys.stderr.flush()
        os.execv(command[0], command)
    return subprocess.call(command)


def read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
