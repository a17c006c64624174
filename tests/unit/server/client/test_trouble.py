"""Why there is no connection, in words."""

from __future__ import annotations

import asyncio
import errno
import socket

import pytest

from longwatch.client.feed_trouble import os_reason


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ECONNREFUSED, "Connect call failed ('::1', 5432)"), "may not be running"),
        (OSError("Multiple exceptions: [Errno 111] Connect call failed ('::1', 1)"), "running"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "no way to its computer"),
        (OSError(errno.EACCES, "Permission denied"), "Permission denied"),
        (OSError(), "OSError"),
    ],
)
def test_words(error: OSError, words: str) -> None:
    assert words in os_reason(error)
    assert "Connect call" not in os_reason(error)


async def test_what_asyncio_says_of_a_closed_port() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(OSError) as caught:  # noqa: PT011 - its words are what is looked at
            await asyncio.open_connection("127.0.0.1", taken.getsockname()[1])
    assert (
        os_reason(caught.value) == "nothing answers at its address and port; it may not be running"
    )
