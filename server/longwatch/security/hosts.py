"""Which names a server answers to, and which pages may speak to it.

A page in a browser can be made to resolve its own name to 127.0.0.1 (DNS rebinding), and may open
WebSockets anywhere: so the `Host` header must be one of ours, and an `Origin`, which only browsers
send, must be this server itself. uvicorn checks neither, and lets two `Host` headers pass.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class HostRules:
    """`hosts` are names without a port, `None` for any; `origins` are allowed beside our own."""

    hosts: frozenset[str] | None
    origins: frozenset[str]

    def host_error(self, headers: list[str]) -> str | None:
        """What is wrong with the `Host` headers of a request; `None` if nothing."""
        if len(headers) != 1:
            return f"A request needs exactly one Host header; this one has {len(headers)}."
        name = host_name(headers[0])
        if self.hosts is not None and name not in self.hosts:
            return f"This server does not answer to the host {name!r}."
        return None

    def origin_error(self, headers: list[str], host: str) -> str | None:
        """What is wrong with the `Origin` headers of a request to `host`; `None` if nothing."""
        own = {f"http://{host}", f"https://{host}"}
        for origin in headers:
            if origin not in own and origin not in self.origins:
                return f"Pages of {origin[:200]!r} may not use this server."
        return None


def host_rules(bound: str, hosts: tuple[str, ...], origins: tuple[str, ...]) -> HostRules:
    """The rules for a server bound to `bound`, with the settings' additional names."""
    names = {host_name(name) for name in hosts}
    if bound in LOOPBACK:
        names |= LOOPBACK
    elif bound in {"0.0.0.0", "::"}:  # noqa: S104 - recognised here, not bound
        if not names:
            return HostRules(None, frozenset(origins))
        names |= LOOPBACK
    else:
        names |= {bound.lower(), socket.gethostname().lower()}
    return HostRules(frozenset(names), frozenset(origins))


def host_name(header: str) -> str:
    """The name in a `Host` header, without port and brackets, in lower case."""
    header = header.strip().lower()
    if header.startswith("["):
        name, _, rest = header[1:].partition("]")
        port = rest.removeprefix(":")
        return name if rest == "" or (port != rest and port.isdecimal()) else header
    name, colon, port = header.partition(":")
    return name if colon and port.isdecimal() else header
