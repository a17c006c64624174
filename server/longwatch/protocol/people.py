"""Who may do what."""

from __future__ import annotations

import enum


class Role(enum.StrEnum):
    """What a token is good for; each of the first three includes those before it.

    A `viewer` reads, an `analyst` submits and has jobs of its own, an `admin` may do everything
    but a worker's calls. A `worker` carries out jobs for the server, and may do nothing else.
    """

    VIEWER = "viewer"
    ANALYST = "analyst"
    ADMIN = "admin"
    WORKER = "worker"
