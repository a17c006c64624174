"""What `longwatch doctor` says about one thing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `ok` is `None` where there is nothing to judge; `advice` says what to
    do when it is not well."""

    what: str
    found: str
    ok: bool | None = None
    advice: str = ""
