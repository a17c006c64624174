"""Bearer tokens: 256 random bits, kept as hashes, compared in constant time.

A person's token is `lw_PREFIX_SECRET`: by the prefix it is found, by the hash of the whole it is
known. The server's own start token has no prefix. All tokens are held in memory, so that a request
asks no store.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from longwatch.protocol.people import Role, Token

PREFIX: Final = "lw_"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a request comes from, and what it may do. `token_id` is empty for the start token.

    With `sees_all` it knows of everybody's jobs, else of its own alone.
    """

    name: str
    role: Role = Role.ADMIN
    token_id: str = ""
    sees_all: bool = True

    def sees(self, owner: str) -> bool:
        """Whether it may know of a job of that owner."""
        return self.sees_all or owner == self.name

    def may_change(self, owner: str) -> bool:
        """Whether it may cancel, delete or export a job of that owner."""
        return self.role is Role.ADMIN or owner == self.name

    @property
    def only_of(self) -> str | None:
        """The owner whose jobs alone it may know of; `None` for all."""
        return None if self.sees_all else self.name


@dataclass(slots=True)
class _Known:
    """A token that opens the server: whose, how to know it, and what goes on in its name."""

    principal: Principal
    digest: bytes
    expires_s: float | None
    endings: set[asyncio.Future[str]] = field(default_factory=set)


def new_token() -> str:
    """A token of 256 bits from the system's generator."""
    return secrets.token_urlsafe(32)


def new_named_token() -> tuple[str, str]:
    """A person's token, and the prefix to find it by."""
    prefix = secrets.token_hex(4)
    return f"{PREFIX}{prefix}_{new_token()}", prefix


def digest(token: str) -> bytes:
    """What is kept of a token. SHA-256 is enough for 256 random bits (0.5 µs); slow hashes are for
    passwords."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


class TokenChecker:
    """Knows every token that opens this server: the one that it was started with, and those of
    people. Used from the server's event loop."""

    def __init__(self, token: str, owner: str, *, team: bool = True) -> None:
        """`team`: whether people who are no admins see each other's jobs."""
        self._digest = digest(token)
        self._principal = Principal(owner)
        self._team = team
        self._by_prefix: dict[str, _Known] = {}
        self._by_id: dict[str, _Known] = {}
        self._used: dict[str, float] = {}

    @property
    def has_people(self) -> bool:
        """Whether there is a token besides the one that the server was started with."""
        return bool(self._by_id)

    def add(self, token: Token, hashed: bytes) -> None:
        """Let a token in from now on, if it is neither revoked nor expired."""
        expires_s = None if token.expires_at is None else token.expires_at.timestamp()
        if token.revoked_at is not None or (expires_s is not None and expires_s <= time.time()):
            return
        sees_all = self._team or token.role is Role.ADMIN
        known = _Known(Principal(token.name, token.role, token.id, sees_all), hashed, expires_s)
        self._by_prefix[token.prefix] = self._by_id[token.id] = known

    def knows(self, token_id: str) -> bool:
        """Whether a token lets somebody in, unless it has expired."""
        return token_id in self._by_id

    def revoke(self, token_id: str) -> None:
        """Let it in no more, and end what goes on in its name."""
        known = self._by_id.pop(token_id, None)
        if known is not None:
            self._end(known, "revoked")

    def principal(self, authorization: str | None) -> Principal | None:
        """Who sends this `Authorization` header; `None` when the token is absent or no good."""
        scheme, _, given = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = given.strip()
        hashed = digest(token)
        if token.startswith(PREFIX):
            known = self._by_prefix.get(token[len(PREFIX) :].partition("_")[0])
            if known is not None and hmac.compare_digest(hashed, known.digest):
                return self._live(known)
        right = hmac.compare_digest(hashed, self._digest)
        return self._principal if right else None

    @contextmanager
    def ending(self, who: Principal) -> Iterator[asyncio.Future[str]]:
        """What is done once the token of `who` is no good any more, with `revoked` or `expired`.
        For whatever goes on long after it was let in: a feed, a download."""
        loop = asyncio.get_running_loop()
        ending: asyncio.Future[str] = loop.create_future()
        known = self._by_id.get(who.token_id)
        if known is None:
            if who.token_id:
                ending.set_result("revoked")
            yield ending
            return
        known.endings.add(ending)
        timer = None
        if known.expires_s is not None:  # where the clock is put back meanwhile, it is too early
            timer = loop.call_later(known.expires_s - time.time(), self._end, known, "expired")
        try:
            yield ending
        finally:
            known.endings.discard(ending)
            if timer is not None:
                timer.cancel()

    def expires_at(self, who: Principal) -> datetime | None:
        """Until when the token of `who` is good; `None` for one that only ends by being revoked."""
        known = self._by_id.get(who.token_id)
        if known is None or known.expires_s is None:
            return None
        return datetime.fromtimestamp(known.expires_s, UTC)

    def take_used(self) -> dict[str, datetime]:
        """When tokens were used last, of those that were since this was asked."""
        used, self._used = self._used, {}
        return {token_id: datetime.fromtimestamp(at, UTC) for token_id, at in used.items()}

    def _live(self, known: _Known) -> Principal | None:
        now_s = time.time()
        if known.principal.token_id not in self._by_id:
            return None
        if known.expires_s is not None and now_s >= known.expires_s:
            return None
        self._used[known.principal.token_id] = now_s
        return known.principal

    @staticmethod
    def _end(known: _Known, why: str) -> None:
        for ending in known.endings:
            if not ending.done():
                ending.set_result(why)
