"""Where a server is, and the token that opens it."""

from __future__ import annotations

import ipaddress
import re
import ssl
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import urlsplit

from longwatch.client.errors import InvalidAddress
from longwatch.protocol import routes

_NAME: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_.])?")


@dataclass(frozen=True, slots=True)
class Address:
    """A server's base URL (no trailing slash) and its bearer token, which `repr` hides.

    `certificate` (PEM) is the one certificate that the server may show, whoever signed it; without
    one it must be signed by somebody whom this machine trusts, for that name.
    """

    url: str
    token: str = field(repr=False)
    certificate: str = field(default="", repr=False)

    @classmethod
    def parse(cls, url: str, token: str, certificate: str = "") -> Self:
        """Read what a person typed. Raises `InvalidAddress` with what to type instead."""
        text = url.strip().rstrip("/")
        try:
            parts = urlsplit(text)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise InvalidAddress(f"{url!r} is not an address: {error}.") from error
        if parts.scheme not in {"http", "https"} or not host:
            raise InvalidAddress(
                f"{url!r} is not an address of a server; it looks like https://name.example:8443."
            )
        if not _is_plain(text) or not _is_host(host):
            raise InvalidAddress(
                f"{url!r} is not an address: a name has letters, digits, dots and hyphens (one in "
                "another script is written in its xn-- form)."
            )
        if parts.username is not None or parts.query or parts.fragment:
            raise InvalidAddress(
                "An address is only scheme, host, port and path; the token is given apart from it."
            )
        if port == 0:
            raise InvalidAddress(f"{url!r} names port 0, where nothing can listen.")
        clean = token.strip()
        if not clean or not _is_plain(clean):
            raise InvalidAddress("The token is empty or has characters that no token has.")
        return cls(text, clean, certificate)

    @property
    def feed_url(self) -> str:
        """Where the feed is: the same place by WebSocket."""
        return "ws" + self.url.removeprefix("http") + routes.FEED

    @property
    def label(self) -> str:
        """Host and port, for a status line."""
        return urlsplit(self.url).netloc

    @property
    def is_loopback(self) -> bool:
        """Whether the server is on this machine; such an address never goes through a proxy."""
        host = urlsplit(self.url).hostname or ""
        if host == "localhost":
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    @property
    def is_encrypted(self) -> bool:
        """Whether what is said to the server travels under TLS."""
        return self.url.startswith("https:")

    def tls(self) -> ssl.SSLContext:
        """How the server proves who it is. For an address without TLS it trusts nobody, which
        costs nothing: to read this machine's certificates takes 20 ms. Raises `InvalidAddress`
        for a certificate that is none."""
        if not self.is_encrypted:
            return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if not self.certificate:
            return ssl.create_default_context()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        try:
            context.load_verify_locations(cadata=self.certificate)
        except (ssl.SSLError, TypeError) as error:  # the latter for what is not even ASCII
            raise InvalidAddress(f"The certificate kept for {self.url} is none.") from error
        return context

    def headers(self) -> dict[str, str]:
        """What every request carries."""
        return {"Authorization": f"Bearer {self.token}"}


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def _is_host(host: str) -> bool:
    if ":" in host or host.replace(".", "").isdigit():
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return False
        return True
    return _NAME.fullmatch(host) is not None
