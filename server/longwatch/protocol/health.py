"""What the health endpoints answer."""

from __future__ import annotations

from longwatch.protocol.wire import Wire


class Live(Wire, frozen=True, kw_only=True):
    """The process answers."""

    status: str = "live"


class Ready(Wire, frozen=True, kw_only=True):
    """The store is open and the executor takes jobs; `status` is `ready` or `starting`."""

    status: str
    version: str
