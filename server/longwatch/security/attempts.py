"""How often an address may be wrong about its token."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

MOST_WRONG: Final = 10
WITHIN_S: Final = 60.0
MOST_ADDRESSES: Final = 10_000
"""Remembered at a time; 1.5 MB."""


class WrongTokens:
    """Counts the wrong tokens of each address. Right ones are never asked about: who shares an
    address with somebody that guesses is not locked out."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()

    def note(self, client: str) -> int | None:
        """Note one more. How many seconds the address should wait, if it was wrong too often; what
        it is told then does not say whether this one was wrong as well."""
        now_s, address = self._clock(), _whose(client)
        times = self._wrong.setdefault(address, deque(maxlen=MOST_WRONG))
        self._wrong.move_to_end(address)
        while len(self._wrong) > MOST_ADDRESSES:
            self._wrong.popitem(last=False)
        while times and times[0] <= now_s - WITHIN_S:
            times.popleft()
        if len(times) < MOST_WRONG:
            times.append(now_s)
            return None
        # Not noted: who waits as long as it is told is let in to be wrong again.
        return max(1, round(times[0] + WITHIN_S - now_s))


def _whose(client: str) -> str:
    """What an address is counted as: of IPv6 one has as many as one likes of a /64."""
    try:
        address = ipaddress.ip_address(client.partition("%")[0])
    except ValueError:
        return client
    if address.version == 6 and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((int(address), 64), strict=False))
    return client
