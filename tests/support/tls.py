"""A TLS proxy before a server, with a certificate that nobody has signed but itself."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from longwatch.client.address import Address


def make_certificate(folder: Path, name: str, *, days: float = 2) -> Path:
    """A key and a certificate for 127.0.0.1 that it signs itself, in one PEM file; good for so many
    `days` from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=3))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


class Front:
    """Listens on one port with TLS; `show` makes it show another certificate from now on."""

    def __init__(self, behind: Address, certificate: Path) -> None:
        self._behind = behind
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._port = 0
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def address(self) -> Address:
        """Where it listens, with the token of the server behind it."""
        return Address.parse(f"https://127.0.0.1:{self._port}", self._behind.token)

    def show(self, certificate: Path) -> None:
        """Show this certificate to all who connect from now on, and drop who is connected."""
        self._context.load_cert_chain(certificate)
        self._loop.call_soon_threadsafe(self._drop)

    def start(self) -> None:
        """Listen."""
        self._thread.start()
        assert self._ready.wait(10)

    def stop(self) -> None:
        """End it and every connection."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _drop(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)
        )
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        self._drop()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.05))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = {writer}
        try:
            # A task that ends as cancelled is an exception in asyncio's own callback (3.11).
            with contextlib.suppress(asyncio.CancelledError, OSError):
                parts = urlsplit(self._behind.url)
                back_reader, back_writer = await asyncio.open_connection(parts.hostname, parts.port)
                ends.add(back_writer)
                self._writers |= ends
                await asyncio.gather(_pump(reader, back_writer), _pump(back_reader, writer))
        finally:
            self._writers -= ends
            for one in ends:
                one.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.CancelledError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()


@contextmanager
def tls_before(behind: Address, certificate: Path) -> Iterator[Front]:
    """A proxy for the length of the context."""
    front = Front(behind, certificate)
    front.start()
    try:
        yield front
    finally:
        front.stop()
