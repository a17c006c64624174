"""Tries a server before it is kept: does it answer, is it one of ours, does the token open it."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
import time
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from longwatch.client.address import Address
from longwatch.client.api import AsyncClient
from longwatch.client.errors import LongwatchClientError, ServerUnreachable, Unauthorized
from longwatch_desktop.translation import tr

WITHIN_S: Final = 8.0


@dataclass(frozen=True, slots=True)
class Probe:
    """What came of a try: a sentence, and whether all is well. `certificate` is one that the server
    shows and nobody here trusts (yet)."""

    ok: bool
    sentence: str
    certificate: str = ""


async def probe(address: Address) -> Probe:
    """Ask a server for its version and its jobs. Raises nothing."""
    try:
        async with AsyncClient(address, timeout_s=WITHIN_S) as client:
            began_s = time.monotonic()
            ready = await client.ready()
            took_ms = round((time.monotonic() - began_s) * 1000)
            page = await client.jobs(limit=1)
    except Unauthorized:
        return Probe(ok=False, sentence=tr("The server answers, but this is not its token."))
    except ServerUnreachable as error:
        return await _unreachable(address, error)
    except LongwatchClientError as error:
        return Probe(ok=False, sentence=str(error))
    text = tr("Longwatch {version}, %n job(s), {ms} ms away.", "", page.total)
    return Probe(ok=True, sentence=text.format(version=ready.version, ms=max(1, took_ms)))


async def _unreachable(address: Address, error: ServerUnreachable) -> Probe:
    if address.is_encrypted and "CERTIFICATE_VERIFY_FAILED" in error.reason:
        certificate = await asyncio.to_thread(_shown_by, address)
        if certificate and certificate != address.certificate:
            another = tr(
                "The server shows another certificate than the one that was trusted. Compare its "
                "fingerprint with the one that whoever runs it tells you:"
            )
            unknown = tr(
                "The server shows a certificate that this computer does not trust. Compare its "
                "fingerprint with the one that whoever runs it tells you:"
            )
            sentence = another if address.certificate else unknown
            return Probe(ok=False, sentence=sentence, certificate=certificate)
    return Probe(ok=False, sentence=str(error))


def _shown_by(address: Address) -> str:
    """The certificate (PEM) that a server shows; empty when it shows none."""
    parts = urlsplit(address.url)
    try:
        return ssl.get_server_certificate(
            (parts.hostname or "", parts.port or 443), timeout=WITHIN_S
        )
    except (OSError, ValueError):
        return ""


def fingerprint(certificate: str) -> str:
    """The SHA-256 fingerprint of a certificate (PEM), as it is told: `AB:CD:…`, 32 bytes."""
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest().upper()
    return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))
