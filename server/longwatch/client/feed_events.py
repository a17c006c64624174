"""What a follower of the feed tells its consumer."""

from __future__ import annotations

from dataclasses import dataclass

from longwatch.protocol.frames import Delta, Hello, ProgressFrame, Snapshot


@dataclass(frozen=True, slots=True)
class Connected:
    """The feed is up; `hello` is what the server said of itself. Jobs follow.

    `polling` says that no WebSocket gets through, and the server is asked every other second.
    """

    hello: Hello
    polling: bool = False


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The feed is down, or could not be reached.

    `reason` is a sentence, `retry_in_s` the seconds until the next try. `unauthorized` means the
    server refused the token: the tries go on, but a person should look.
    """

    reason: str
    retry_in_s: float
    unauthorized: bool


FeedEvent = Connected | Disconnected | Snapshot | Delta | ProgressFrame
