"""Where things are in this checkout, and small things that every part of its set-up does."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
EXE = ".exe" if os.name == "nt" else ""
PYTHON = BIN / f"python{EXE}"
CONSTRAINTS = ROOT / "packaging" / "constraints.txt"


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
