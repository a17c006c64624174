"""Sets up a checkout, then runs, tests or checks it. `make` calls this; Windows types it:

    python packaging/bootstrap.py run

Needs nothing but Python's standard library; so do the modules beside it that it imports:
`checkout`, `environment`, `steps`, `system_packages` and `vulnerabilities`. The first call makes
`.venv` from `packaging/constraints.txt` and installs the system libraries Qt wants, or says what
to type where it may not; later calls find that done and lose no time. Everything it says goes to
stderr, so that `run` can be piped.
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

import os
from collections.abc import Sequence

from checkout import PYTHON, ROOT, become, say, tool
from environment import set_up
from steps import SetupFailed
from vulnerabilities import audit

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


def clean() -> None:
    caches = (".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".import_linter_cache")
    for name in (*caches, ".bench", "dist", "build"):
        shutil.rmtree(ROOT / name, ignore_errors=True)
    for folder in ("server", "desktop", "tests", "packaging"):
        for cache in (ROOT / folder).rglob("__pycache__"):
            shutil.rmtree(cache, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
