"""Looking after the certificate of a server that runs: renewed in time, and shown at once."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from longwatch.security.certificates import (
    Certificate,
    CertificateUnusable,
    changed_ns,
    given,
    self_signed,
)

if TYPE_CHECKING:
    import structlog

TOLD_BEFORE: Final = timedelta(days=14)


class Keeper:
    """Looks whether the certificate that is shown is still the one to show."""

    def __init__(self, certificate: Certificate, names: Iterable[str], *, own: bool) -> None:
        """`own`: whether the server signed it itself, and may make another."""
        self.certificate = certificate
        self._names = list(names)
        self._own = own

    def look(self) -> Certificate | None:
        """The new one, if there is one. Raises `CertificateUnusable`."""
        now = self.certificate
        if self._own:
            found = self_signed(now.file.parent, self._names)
        elif changed_ns(now.file) == now.changed_ns:
            return None
        else:
            found = given(now.file, now.key)
        self.certificate = found
        return None if found.pem == now.pem else found

    @property
    def warning(self) -> str | None:
        """What to say of a certificate that is about to expire."""
        left = self.certificate.expires_at - datetime.now(UTC)
        if left > TOLD_BEFORE:
            return None
        when = f"{self.certificate.expires_at:%Y-%m-%d %H:%M} UTC"
        return f"The certificate {self.certificate.file} expires on {when}. Renew it."


def keeper_of(
    folder: Path, names: Iterable[str], *, own: bool, file: Path | None, key: Path | None
) -> Keeper | None:
    """What looks after the certificate in `file`, or after the server's `own` one in `folder`;
    `None` where it speaks no TLS. Raises `CertificateUnusable`."""
    names = list(names)
    if own:
        return Keeper(self_signed(folder, names), names, own=True)
    return None if file is None else Keeper(given(file, key), names, own=False)


def context_of(certificate: Certificate) -> ssl.SSLContext:
    """How the server speaks TLS. Raises `CertificateUnusable`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    certificate.load(context)
    return context


async def keep(
    keeper: Keeper,
    context: ssl.SSLContext,
    log: structlog.stdlib.BoundLogger,
    *,
    every_s: float,
) -> AsyncIterator[Certificate]:
    """Every certificate from now on that takes the place of the one before, once it is shown; what
    is about to expire is said in the log. For ever."""
    while True:
        await asyncio.sleep(every_s)
        try:
            renewed = await asyncio.to_thread(keeper.look)
            if renewed is not None:
                renewed.load(context)
                log.warning("certificate renewed", fingerprint=renewed.fingerprint)
                yield renewed
        except (CertificateUnusable, OSError) as error:
            log.warning("certificate not renewed", error=str(error))
        if keeper.warning is not None:
            log.warning(keeper.warning)
