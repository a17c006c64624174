"""Bearer tokens: 256 random bits, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from longwatch.protocol.people import Role


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a request comes from, and what it may do."""

    name: str
    role: Role = Role.ADMIN


def new_token() -> str:
    """A token of 256 bits from the system's generator."""
    return secrets.token_urlsafe(32)


class TokenChecker:
    """Knows the one token of this server by its hash. SHA-256 is enough for 256 random bits
    (0.5 µs); slow hashes are for passwords."""

    def __init__(self, token: str, owner: str) -> None:
        self._digest = _digest(token)
        self._principal = Principal(owner)

    def principal(self, authorization: str | None) -> Principal | None:
        """Who sends this `Authorization` header; `None` when the token is absent or wrong."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        right = hmac.compare_digest(_digest(token.strip()), self._digest)
        return self._principal if right else None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
