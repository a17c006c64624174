"""Whether pinned packages are known to be vulnerable, as pip-audit finds."""

import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from checkout import CONSTRAINTS, read, say, tool

AUDIT_S = 30


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
