"""Why a connection to the feed is of no more use, in words for a person."""

from __future__ import annotations

import errno
import ssl
from typing import Final

import msgspec

from longwatch.client.address import Address
from longwatch.client.errors import LongwatchClientError
from longwatch.protocol.frames import Bye, ProgressFrame, ServerFrame
from longwatch.protocol.wire import UNREADABLE


class Broken(LongwatchClientError):
    """The connection is of no more use."""

    def __init__(
        self,
        message: str,
        *,
        unauthorized: bool = False,
        hopeless: bool = False,
        blocked: bool = False,
    ) -> None:
        super().__init__(message)
        self.unauthorized = unauthorized
        self.hopeless = hopeless
        """Whether the next try will most likely end the same way."""
        self.blocked = blocked
        """Whether something on the way may let no WebSocket through: plain requests may still."""


_decoder: Final = msgspec.json.Decoder(ServerFrame)


def decode(text: str | bytes) -> ServerFrame:
    """A frame, of progress with every column in full. Raises `Broken`."""
    try:
        frame: ServerFrame = _decoder.decode(text)
        return frame.whole() if isinstance(frame, ProgressFrame) else frame
    except (ValueError, *UNREADABLE) as error:
        raise Broken(
            f"The server sent what this program cannot read ({error}); update the older of both.",
            hopeless=True,
        ) from error


def refused(status: int) -> Broken:
    match status:
        case 401:
            return Broken("The server does not know this token.", unauthorized=True, hopeless=True)
        case 403:
            reason = "The server does not let this program in."
            return Broken(reason, hopeless=True, blocked=True)
        case 404:
            reason = "What answers there has no Longwatch feed."
            return Broken(reason, hopeless=True, blocked=True)
        case _:
            return Broken(f"The server, or a proxy before it, answered {status}.", blocked=True)


def said_bye(bye: Bye) -> Broken:
    denied = bye.code in {"unauthorized", "revoked", "expired"}
    return Broken(bye.reason, unauthorized=denied, hopeless=denied)


def closed(error: Exception) -> str:
    if "keepalive" in str(error):
        return "The server no longer answers."
    return "The connection to the server broke."


_OF_ANOTHER_TIME: Final = frozenset({9, 10})
"""OpenSSL's `X509_V_ERR_CERT_NOT_YET_VALID` and `X509_V_ERR_CERT_HAS_EXPIRED`."""


def distrust(address: Address, error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code in _OF_ANOTHER_TIME:
        return f"The server's certificate cannot be used now: {error.verify_message}."
    if address.certificate:
        return (
            "The server shows another certificate than the one that was trusted. Ask whoever runs "
            "it whether it was renewed, and compare fingerprints before you trust the new one."
        )
    return f"The server's certificate is not trusted here: {error.verify_message}."


_REFUSED: Final = "nothing answers at its address and port; it may not be running"
_IN_WORDS: Final = {
    frozenset({errno.ECONNREFUSED}): _REFUSED,
    frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH}): "there is no way to its computer from here",
    frozenset({errno.ETIMEDOUT}): "its computer does not answer",
}


def os_reason(error: OSError) -> str:
    """Why there is no connection, in words that say what to look at; asyncio's own name calls and
    ports (`Connect call failed ('127.0.0.1', 5432)`)."""
    for numbers, words in _IN_WORDS.items():
        if error.errno in numbers:
            return words
    text = error.strerror or str(error)
    # Of a name with several addresses it tells them all in one error without a number.
    if "Connect call failed" in text:
        return _REFUSED
    return text or type(error).__name__
