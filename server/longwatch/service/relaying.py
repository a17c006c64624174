"""Hands on to the server that leads what only that can answer: the calls of workers.

Whose an attempt is, how long nothing was heard of it and whether it may write is known to the
leader alone. A worker need not know which server that is: any hands its calls on, and its answers
back. Both know the worker's token, since it is in the store.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from longwatch.client.address import Address
from longwatch.client.errors import InvalidAddress
from longwatch.jobs.errors import LeaderAway, TokenOfOneServer
from longwatch.protocol.routes import CLAIM_HEADER, RELAYED_HEADER, REQUEST_ID_HEADER

if TYPE_CHECKING:
    import httpx

    from longwatch.store.postgres.leading import Place

CONNECT_S: Final = 3.0
_THERE: Final = ("Authorization", "Accept", "Content-Type", CLAIM_HEADER, REQUEST_ID_HEADER)
_BACK: Final = ("Content-Type", "Retry-After")
_UNAUTHORIZED: Final = 401


@dataclass(frozen=True, slots=True)
class Relayed:
    """What the leader answered."""

    status: int
    body: bytes
    headers: dict[str, str]


class Relay:
    """The way to whichever server leads."""

    def __init__(
        self,
        leader: Callable[[], Awaitable[tuple[bool, Place] | None]],
        moved: Callable[[], Awaitable[None]],
    ) -> None:
        """`leader` is asked each time whether this server leads itself, and where the one is that
        does; `moved` tells the others that this server's own place has changed."""
        self._leader = leader
        self.moved = moved
        self._place: Place | None = None
        self._http: httpx.AsyncClient | None = None

    async def ask(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        answers_within_s: float,
    ) -> Relayed:
        """Hand a request on; `target` is its path and query. Raises `LeaderAway`,
        `TokenOfOneServer` and `StoreError`."""
        import httpx  # noqa: PLC0415 - 160 ms, and most servers have no other

        if RELAYED_HEADER in headers:
            raise LeaderAway("another server takes this one for the leader, which it is not")
        found = await self._leader()
        if found is None or found[0]:
            raise LeaderAway("none leads at this moment")
        http = await self._to(found[1])
        given = {name: headers[name] for name in _THERE if name in headers}
        try:
            answer = await http.request(
                method,
                target,
                headers={**given, RELAYED_HEADER: "1"},
                content=body,
                timeout=httpx.Timeout(answers_within_s, connect=CONNECT_S),
            )
        except httpx.HTTPError as error:
            why = str(error) or type(error).__name__
            raise LeaderAway(f"{found[1].url} does not answer ({why})") from error
        if answer.status_code == _UNAUTHORIZED:  # this server has let it in
            raise TokenOfOneServer(found[1].url)
        back = {name: answer.headers[name] for name in _BACK if name in answer.headers}
        return Relayed(answer.status_code, answer.content, back)

    async def close(self) -> None:
        """Let go of the connections."""
        http, self._http, self._place = self._http, None, None
        if http is not None:
            await http.aclose()

    async def _to(self, place: Place) -> httpx.AsyncClient:
        """Connections to that place, kept for as long as the leader is there."""
        import httpx  # noqa: PLC0415 - as above

        if self._http is None or place != self._place:
            if not place.url:
                raise LeaderAway("it does not say where it is reached: set its team_url")
            await self.close()
            try:
                tls = Address(place.url, "", place.certificate).tls()
            except InvalidAddress as error:
                raise LeaderAway(str(error)) from error
            self._http = httpx.AsyncClient(base_url=place.url, verify=tls, trust_env=False)
            self._place = place
        return self._http
