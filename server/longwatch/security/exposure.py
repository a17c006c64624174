"""Whether a server may listen where others reach it."""

from __future__ import annotations

import ipaddress


class Exposed(Exception):
    """The server would be open to other machines in a way that protects nobody; says what to do."""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_exposure(host: str, *, encrypted: bool, named_token: bool, behind_proxy: bool) -> None:
    """Raises `Exposed` for a server that other machines reach without TLS, or for which nobody has
    a token."""
    if is_loopback(host) or behind_proxy:
        return
    if not encrypted:
        raise Exposed(
            f"{host} can be reached from other machines, and tokens and data would cross the "
            "network in the clear. Give the server a certificate with --tls-certificate and "
            "--tls-key, let it make one with --tls-self-signed, or put a TLS proxy before it and "
            "say --behind-proxy."
        )
    if not named_token:
        raise Exposed(
            f"{host} can be reached from other machines, and nobody there has a token. Make one "
            "with `longwatch token create NAME --role admin`, or set LONGWATCH_TOKEN_FILE."
        )
