"""People: what their tokens are good for, and what they did."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Annotated, Final

from msgspec import Meta

from longwatch.protocol.wire import Wire

MAX_PERSON_CHARS: Final = 100
MAX_TOKEN_DAYS: Final = 3_650


class Role(enum.StrEnum):
    """What a token is good for; each of the first three includes those before it.

    A `viewer` reads, an `analyst` submits and has jobs of its own, an `admin` may do everything
    but a worker's calls. A `worker` carries out jobs for the server, and may do nothing else.
    """

    VIEWER = "viewer"
    ANALYST = "analyst"
    ADMIN = "admin"
    WORKER = "worker"


class TokenDraft(Wire, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token to be made: whose it is, what it may do, and for how many days (`None`: until it is
    revoked). All tokens of one name are one person's, and its jobs are theirs."""

    name: Annotated[str, Meta(min_length=1, max_length=MAX_PERSON_CHARS)]
    role: Role
    expires_days: Annotated[float, Meta(gt=0, le=MAX_TOKEN_DAYS)] | None = None


class Token(Wire, frozen=True, kw_only=True):
    """A token as it is kept: enough to tell it from others, not enough to use it. It begins with
    `lw_` and its `prefix`. `last_used_at` is a minute late at most."""

    id: str
    name: str
    role: Role
    prefix: str
    created_at: datetime
    last_used_at: datetime | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


class NewToken(Wire, frozen=True, kw_only=True):
    """A token that was just made. `secret` is what to send as the bearer token: nobody is told
    again, the server keeps its hash alone."""

    token: Token
    secret: str


class TokenList(Wire, frozen=True, kw_only=True):
    """Every token there is or was, the newest first."""

    tokens: list[Token]


class Visibility(enum.StrEnum):
    """Whose jobs people see who are no admins."""

    TEAM = "team"
    OWNER = "owner"


class Me(Wire, frozen=True, kw_only=True):
    """Who asks. `token_id` is `None` for the token that the server was started with."""

    name: str
    role: Role
    jobs_visible_to: Visibility
    token_id: str | None = None
    expires_at: datetime | None = None


class AuditLine(Wire, frozen=True, kw_only=True):
    """Something that somebody did: `action` is stable (`token.create`, `job.delete` …), `target` is
    what it was done to, `detail` says more, as text. Never a secret."""

    id: int
    at: datetime
    who: str
    role: Role
    action: str
    target: str
    detail: str = ""


class AuditPage(Wire, frozen=True, kw_only=True):
    """Some of the audit log, the newest first; `next` is the cursor of the page after it."""

    lines: list[AuditLine]
    next: str | None = None
