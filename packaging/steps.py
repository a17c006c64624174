"""One step of the set-up: quiet where it succeeds; where it fails, all it said and what to do."""

import os
import re
import subprocess
from collections.abc import Sequence
from datetime import datetime

from checkout import ROOT, say

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
