"""The contender: Django Channels with the same feed, as its documentation would have it.

One consumer, one group, and a task that sends the group the progress of all jobs that moved since
the last time, encoded once: what a careful author would write. No tokens, no store, no changes.

Served by `uvicorn benchmarks.channels_feed:application`. `BENCH_JOBS`, `BENCH_HZ` and
`BENCH_BEAT_S` say how many jobs report how often, and how often the group is told. It prints when
each tick was.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from typing import Any

import django  # type: ignore[import-untyped,import-not-found,unused-ignore]
from django.conf import settings  # type: ignore[import-untyped,import-not-found,unused-ignore]

settings.configure(
    DEBUG=False,
    ALLOWED_HOSTS=["*"],
    USE_TZ=True,
    LOGGING_CONFIG=None,
    CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}},
)
django.setup()

from channels.generic.websocket import (  # type: ignore[import-untyped,import-not-found,unused-ignore]  # noqa: E402
    AsyncWebsocketConsumer,
)
from channels.layers import (  # type: ignore[import-untyped,import-not-found,unused-ignore]  # noqa: E402
    get_channel_layer,
)

JOBS, HZ = int(os.environ["BENCH_JOBS"]), float(os.environ["BENCH_HZ"])
BEAT_S = float(os.environ["BENCH_BEAT_S"])
_tasks: list[asyncio.Task[None]] = []


def progress(tick: int, ids: list[str], first: int) -> str:
    """The same columns that Longwatch sends."""
    count = len(ids)
    rows = list(range(first, first + count))
    return json.dumps(
        {
            "type": "progress",
            "tick": tick,
            "ids": ids,
            "attempts": [1] * count,
            "phases": ["executing"] * count,
            "fractions": [n // JOBS % 1000 / 1000 for n in rows],
            "bases": ["measured"] * count,
            "rows": rows,
            "bytes": [n * 70 for n in rows],
            "memory_bytes": [123_456_789] * count,
            "spill_bytes": [0] * count,
            "eta_low_s": [12.5] * count,
            "eta_high_s": [31.0] * count,
            "stalled_s": [0.0] * count,
            "statement": [1] * count,
            "statements": [1] * count,
        },
        separators=(",", ":"),
    )


async def tell() -> None:
    """Send the group what has moved, again and again."""
    layer = get_channel_layer()
    names = [f"{n:016x}" for n in range(JOBS)]
    began_s, told = time.monotonic(), 0
    while True:
        due = int((time.monotonic() - began_s) * JOBS * HZ)
        first = max(told, due - JOBS)
        if due > told:
            text = progress(due, [names[n % JOBS] for n in range(first, due)], first)
            print(json.dumps([due, time.monotonic()]), flush=True)
            await layer.group_send("jobs", {"type": "moved", "text": text})
        told = due
        await asyncio.sleep(BEAT_S)


class Feed(AsyncWebsocketConsumer):  # type: ignore[misc,unused-ignore]
    """One client."""

    async def connect(self) -> None:
        """Let it in."""
        if not _tasks:
            _tasks.append(asyncio.create_task(tell()))
        await self.channel_layer.group_add("jobs", self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        """It has gone."""
        await self.channel_layer.group_discard("jobs", self.channel_name)

    async def moved(self, event: dict[str, Any]) -> None:
        """Pass on what the group is told."""
        await self.send(text_data=event["text"])


application = Feed.as_asgi()
