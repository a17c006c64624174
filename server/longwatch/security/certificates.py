"""The certificate that a server proves with who it is: one that it was given, or one that it signs
itself and that clients know by its fingerprint."""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import os
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cryptography import x509

CERTIFICATE_FILE: Final = "tls-certificate.pem"
KEY_FILE: Final = "tls-key.pem"
GOOD_FOR: Final = timedelta(days=3_650)
"""Whoever knows it by its fingerprint has to be told of each new one."""
RENEWED_BEFORE: Final = timedelta(days=30)


class CertificateUnusable(Exception):
    """There is no certificate to serve with; says what to do."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and where it and its key lie. `pem` is what the server shows first."""

    file: Path
    key: Path
    pem: str
    expires_at: datetime
    changed_ns: int

    @property
    def fingerprint(self) -> str:
        """SHA-256, as it is told: `AB:CD:…`, 32 bytes."""
        found = hashlib.sha256(ssl.PEM_cert_to_DER_cert(self.pem)).hexdigest().upper()
        return ":".join(found[at : at + 2] for at in range(0, len(found), 2))

    def load(self, context: ssl.SSLContext) -> None:
        """Show it to all who connect from now on. Raises `CertificateUnusable`."""
        try:
            context.load_cert_chain(self.file, self.key)
        except (OSError, ssl.SSLError) as error:
            raise CertificateUnusable(
                f"The certificate {self.file} cannot be used with the key {self.key}: {error}. "
                "Both are to be PEM files without a password, and belong together."
            ) from error


def given(file: Path, key: Path | None) -> Certificate:
    """The certificate in a PEM file, its chain behind it; the key may be in the same one. Raises
    `CertificateUnusable`."""
    found = _read(file.expanduser(), (key or file).expanduser())
    if found.expires_at <= datetime.now(UTC):
        raise CertificateUnusable(
            f"The certificate {found.file} has expired on {found.expires_at:%Y-%m-%d}. Renew it, "
            "then start again."
        )
    return found


def self_signed(folder: Path, names: Iterable[str]) -> Certificate:
    """The one that is kept in `folder`, made if there is none or it is about to expire. Raises
    `CertificateUnusable`."""
    file, key = folder / CERTIFICATE_FILE, folder / KEY_FILE
    try:
        if file.exists() and key.exists():
            for path in (file, key):
                _guard(path)
            found = _read(file, key)
            if found.expires_at > datetime.now(UTC) + RENEWED_BEFORE:
                return found
        certificate, secret = _made(names)
        # The key first: a certificate without one would be found, and not be of use.
        _write(key, secret)
        _write(file, certificate)
    except OSError as error:
        raise CertificateUnusable(
            f"The certificate in {folder} cannot be made: {error.strerror or error}. Make room "
            "there, or give the server one with tls_certificate."
        ) from error
    return _read(file, key)


def names_of(host: str, more: Iterable[str]) -> list[str]:
    """What a server that is bound to `host` may be called."""
    own = ["localhost", "127.0.0.1", "::1", socket.gethostname()]
    return list(dict.fromkeys([*own, host.strip("[]"), *more]))


def _read(file: Path, key: Path) -> Certificate:
    from cryptography import x509  # noqa: PLC0415 - 60 ms, and few servers have one

    try:
        written_ns = changed_ns(file)
        found = x509.load_pem_x509_certificates(file.read_bytes())[0]
    except (OSError, ValueError, IndexError) as error:
        raise CertificateUnusable(
            f"The certificate {file} cannot be read: {error}. It is to be a PEM file."
        ) from error
    return Certificate(file, key, _pem(found), found.not_valid_after_utc, written_ns)


def changed_ns(file: Path) -> int:
    """When a file was written last. Raises `OSError`."""
    return file.stat().st_mtime_ns


def _pem(certificate: x509.Certificate) -> str:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - as above

    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _made(names: Iterable[str]) -> tuple[bytes, bytes]:
    from cryptography import x509  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Longwatch")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # clocks differ
        .not_valid_after(now + GOOD_FOR)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(_alternatives(names)), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return certificate.public_bytes(serialization.Encoding.PEM), secret


def _alternatives(names: Iterable[str]) -> list[x509.GeneralName]:
    from cryptography import x509  # noqa: PLC0415 - as above

    found: list[x509.GeneralName] = []
    for name in names:
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            with contextlib.suppress(ValueError):  # a name in another script: nobody asks for it
                found.append(x509.DNSName(name))
    return found


def _guard(path: Path) -> None:
    """Nobody else is to read or choose it. Raises `CertificateUnusable`."""
    if path.is_symlink():
        raise CertificateUnusable(
            f"{path} is a link, which the server never makes. Remove it, or name what it leads to "
            "in tls_certificate and tls_key."
        )
    if os.name == "posix" and path.stat().st_mode & 0o077:
        path.chmod(0o600)


def _write(path: Path, data: bytes) -> None:
    """Write a file that only this user reads, at no moment anybody else; whole or not at all."""
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    # Nothing that somebody else has put there is followed or filled.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(beside, flags, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
