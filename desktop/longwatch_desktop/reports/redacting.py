"""Takes out of a text what nobody should have to look for before passing it on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

GONE: Final = "[left out]"
LEAST_SECRET: Final = 6
"""Characters; what is shorter would be found in ordinary words."""

_HEADER: Final = re.compile(r"(?i)\b((?:proxy-)?authorization|cookie)(['\"]?\s*[:=,]\s*)[^\n}\]]+")
_BEARER: Final = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+")
_NAMED: Final = re.compile(
    r"(?i)(\w*(?:token|password|passwd|passphrase|secret|api_?key|pwd)['\"]?\s*[:=]\s*)"
    r"(\"[^\"\n]*\"|'[^'\n]*'|[^\s,;&)}\]]+)"
)
_USER: Final = re.compile(r"(?<=://)[^/\s@]+@")
_RANDOM: Final = re.compile(r"(?<![\w/-])(?=[\w-]*\d)(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[\w-]{40,}")
"""The program's own tokens are 43 random characters, wherever they stand."""


def redacted(text: str, secrets: Iterable[str] = (), home: Path | None = None) -> str:
    """`text` without tokens, passwords and the name of the home folder.

    `secrets` are texts that are left out wherever they stand; `home` is told for tests.
    """
    for secret in sorted(set(secrets), key=len, reverse=True):
        if len(secret) >= LEAST_SECRET:
            text = text.replace(secret, GONE)
    text = _HEADER.sub(rf"\1\2{GONE}", text)
    text = _BEARER.sub(rf"\1 {GONE}", text)
    text = _NAMED.sub(rf"\1{GONE}", text)
    text = _USER.sub(f"{GONE}@", text)
    text = _RANDOM.sub(GONE, text)
    return _without_home(text, home)


def _without_home(text: str, home: Path | None) -> str:
    try:
        folder = home or Path.home()
        names = {str(folder), folder.as_posix(), str(folder.resolve())}
    except (OSError, RuntimeError):
        return text
    # A string's repr has every backslash twice.
    names |= {name.replace("\\", "\\\\") for name in names}
    for name in sorted(names, key=len, reverse=True):
        if len(name.strip("/\\")) > 1:  # not the root, which some services call their home
            text = re.sub(re.escape(name.rstrip("/\\")) + r"(?![\w.-])", "~", text)
    return text
