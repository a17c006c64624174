"""A server that several people use, each by a token of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from longwatch.client.address import Address
from longwatch.client.sync import Client
from longwatch.protocol.people import Role
from support.servers import serving

NAMES = {
    "vera": Role.VIEWER,
    "ann": Role.ANALYST,
    "otto": Role.ANALYST,
    "root": Role.ADMIN,
    "willy": Role.WORKER,
}


@dataclass(frozen=True, slots=True)
class Team:
    """A server, and everybody's way to it. `start` is by the server's own token."""

    start: Address
    addresses: dict[str, Address]
    ids: dict[str, str]
    https: dict[str, httpx.Client] = field(default_factory=dict)

    def http(self, who: str) -> httpx.Client:
        """HTTP by the token of `who`; `nobody` has none."""
        found = self.https.get(who)
        if found is None:
            headers = {} if who == "nobody" else self.addresses[who].headers()
            found = self.https[who] = httpx.Client(
                base_url=self.start.url, headers=headers, trust_env=False, timeout=30
            )
        return found


@contextmanager
def team(data_dir: Path, **settings: Any) -> Iterator[Team]:
    """A server with a token for each of `NAMES`, and for `gone` one that was revoked."""
    with serving(data_dir, **settings) as (_, address), Client(address) as admin:
        made = {name: admin.create_token(name, role) for name, role in NAMES.items()}
        made["gone"] = admin.create_token("gone", Role.ADMIN)
        admin.revoke_token(made["gone"].token.id)
        given = Team(
            address,
            {name: Address(address.url, one.secret) for name, one in made.items()},
            {name: one.token.id for name, one in made.items()},
        )
        try:
            yield given
        finally:
            for one in given.https.values():
                one.close()
