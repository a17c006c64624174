"""`longwatch doctor --server URL`: what can be seen of a server from here."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from longwatch.cli.findings import Finding
from longwatch.client import words
from longwatch.protocol import routes

if TYPE_CHECKING:
    import httpx

    from longwatch.client.address import Address

_PATIENCE_S: Final = 10.0
_SKEW_S: Final = 5.0
"""The Date header has whole seconds, and the answer takes its time."""
_DAYS_LEFT: Final = 21
_LEAST_FREE_BYTES: Final = 5 * 10**9
_FREE: Final = "longwatch_disk_free_bytes "


def server(address: Address, *, has_token: bool) -> Iterator[Finding]:
    """Everything that can be looked at, one after the other; without a token less."""
    import httpx

    if address.is_encrypted:
        yield _certificate(address)
    elif not address.is_loopback:
        yield Finding(
            "TLS",
            "none: tokens and data cross the network in the clear",
            False,
            "Give the server a certificate, or put a TLS proxy before it; then use https://.",
        )
    local = address.is_loopback
    try:
        client = httpx.Client(
            base_url=address.url,
            headers=address.headers() if has_token else {},
            timeout=_PATIENCE_S,
            trust_env=not local,
            verify=address.tls(),
        )
    except (OSError, ssl.SSLError) as error:
        yield Finding("server", f"cannot be spoken to: {error}", False, "Check SSL_CERT_FILE.")
        return
    with client as http:
        began_s = time.monotonic()
        try:
            live = http.get(routes.HEALTH_LIVE)
        except httpx.HTTPError as error:
            yield Finding(
                "server",
                f"{address.url} is out of reach: {error}",
                False,
                "Check the name, the port and the firewall between, and that the server runs.",
            )
            return
        took_s = time.monotonic() - began_s
        yield _reached(address, live, took_s)
        if live.is_success:
            yield from _clock(live)
            yield _ready(http)
            yield from _inside(http, has_token)
            yield _feed(address, has_token)


def _reached(address: Address, live: httpx.Response, took_s: float) -> Finding:
    if live.is_success:
        return Finding("server", f"{address.url} answers after {took_s * 1000:.0f} ms", True)
    return Finding(
        "server",
        f"{address.url} answers {live.status_code} {live.reason_phrase}",
        False,
        "What answers is a proxy, or no Longwatch: check the address and the proxy's target. A "
        "server behind a proxy must have its name in allowed_hosts.",
    )


def _clock(live: httpx.Response) -> Iterator[Finding]:
    said = live.headers.get("date")
    if said is None:
        return
    skew_s = (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds()
    yield Finding(
        "clock",
        f"differs by {abs(skew_s):.0f} s" if abs(skew_s) > _SKEW_S else "the same as here",
        abs(skew_s) <= _SKEW_S,
        "Times left and ages are wrong by as much: let both machines take the time from NTP.",
    )


def _ready(http: httpx.Client) -> Finding:
    answer = http.get(routes.HEALTH_READY)
    if answer.is_success:
        return Finding("store", "answers; queries are taken", True)
    return Finding(
        "store",
        f"not ready: {_detail(answer)}",
        False,
        "Look into the server's log; a server that starts or stops needs a moment.",
    )


def _inside(http: httpx.Client, has_token: bool) -> Iterator[Finding]:
    """What only those with a token are told."""
    ready = http.get(routes.HEALTH_READY)
    if ready.is_success:
        yield Finding("version", str(ready.json().get("version", "unknown")))
    # Not the metrics: a proxy may keep those to itself.
    if http.get(routes.JOBS, params={"limit": 1}).status_code in {401, 403}:
        refused = "refused" if has_token else "not given"
        yield Finding(
            "token",
            f"{refused}: what takes one was not looked at",
            False if has_token else None,
            "Ask whoever runs the server for a token; one may have expired or been taken back.",
        )
        return
    if has_token:
        yield Finding("token", "taken", True)
    free = [line for line in http.get(routes.METRICS).text.splitlines() if line.startswith(_FREE)]
    if free:
        size = int(float(free[0].removeprefix(_FREE)))
        yield Finding(
            "free disk there",
            words.size(size),
            size >= _LEAST_FREE_BYTES,
            "Results and spilled data need room: keep fewer (keep_results_bytes), or add some.",
        )


def _feed(address: Address, has_token: bool) -> Finding:
    from websockets.exceptions import InvalidStatus, WebSocketException
    from websockets.sync.client import connect

    headers = address.headers() if has_token else {}
    try:
        with connect(
            address.feed_url,
            additional_headers=headers,
            open_timeout=_PATIENCE_S,
            close_timeout=1.0,
            ssl=address.tls() if address.is_encrypted else None,
            proxy=None if address.is_loopback else True,
        ) as socket_:
            socket_.recv(_PATIENCE_S)
    except InvalidStatus as error:
        # The server itself refuses a handshake as a problem document; a proxy does not.
        kind = error.response.headers.get("content-type", "")
        if error.response.status_code in {401, 403} and "problem+json" in kind:
            return Finding("WebSocket", "reaches the server, which wants a token for it", True)
        return _no_feed(f"answered {error.response.status_code}")
    except (OSError, WebSocketException) as error:
        return _no_feed(str(error))
    return Finding("WebSocket", "reaches the server", True)


def _no_feed(why: str) -> Finding:
    return Finding(
        "WebSocket",
        f"does not get through: {why}",
        False,
        "Clients ask every second instead, which works and costs more. Let the proxy pass "
        "Upgrade and Connection on (packaging/proxies has examples).",
    )


def _certificate(address: Address) -> Finding:
    """Whether the certificate is trusted here, and for how long it is good."""
    parts = urlsplit(address.url)
    host, port = parts.hostname or "", parts.port or 443
    context = address.tls()
    try:
        with (
            socket.create_connection((host, port), _PATIENCE_S) as plain,
            context.wrap_socket(plain, server_hostname=host) as wrapped,
        ):
            shown = wrapped.getpeercert() or {}
            protocol = wrapped.version() or "TLS"
    except ssl.SSLCertVerificationError as error:
        return Finding(
            "TLS",
            f"not trusted here: {error.verify_message}",
            False,
            "Compare its fingerprint with what whoever runs the server says and trust it in the "
            "window, or name the authority that signed it with SSL_CERT_FILE.",
        )
    except OSError as error:
        return Finding("TLS", f"no handshake: {error}", False, "Is this really an https:// port?")
    ends_s = ssl.cert_time_to_seconds(str(shown["notAfter"])) if "notAfter" in shown else None
    if ends_s is None:
        return Finding("TLS", protocol, True)
    days = int((ends_s - time.time()) // 86_400)
    return Finding(
        "TLS",
        f"{protocol}, the certificate is good for {days} days",
        days >= _DAYS_LEFT,
        "Renew it; who follows the server by its fingerprint is asked to trust the new one.",
    )


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{answer.status_code} {answer.reason_phrase}"
