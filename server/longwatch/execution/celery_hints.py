"""Sends hints to the broker, and counts those that nobody has taken yet."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from longwatch.execution.celery_broker import CONNECT_S, TASK, Broker, celery_app, reason
from longwatch.execution.contract import BrokerUnreachable
from longwatch.protocol.worker import Hint

T = TypeVar("T")
PATIENCE_S: Final = 3 * CONNECT_S
_AGAIN: Final = {"max_retries": 1, "interval_start": 0, "interval_max": 0.2}
"""Once more: a connection that the broker's restart has cut is only found out by using it."""


class Hints:
    """One connection to the broker, on a thread of its own: a broker that hangs holds up nothing
    but hints."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._thread = ThreadPoolExecutor(1, "longwatch-broker")
        self._app: Any = None
        self._connection: Any = None

    async def open(self) -> None:
        """Import what it takes (0.5 s), so that the first job does not wait for that."""
        with contextlib.suppress(BrokerUnreachable):
            await self._run(lambda: None)

    async def send(self, hint: Hint, queue: str, task_id: str) -> None:
        """Put a hint into a queue. Raises `BrokerUnreachable`."""
        await self._run(lambda: self._send(hint, queue, task_id))

    async def waiting(self, queue: str) -> int:
        """How many hints nobody has taken. Raises `BrokerUnreachable`."""
        return await self._run(lambda: self._waiting(queue))

    async def close(self) -> None:
        """Let the connection go."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        connection, self._connection = self._connection, None
        if connection is not None:
            await asyncio.to_thread(_drop, connection)

    async def _run(self, work: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await loop.run_in_executor(self._thread, self._reaching, work)
        except TimeoutError:
            raise BrokerUnreachable(f"the broker at {self._broker.url} does not answer") from None

    def _reaching(self, work: Callable[[], T]) -> T:
        if self._app is None:
            self._app = celery_app(self._broker)
            # Of a broker that is stuck: a worker waits longer for hints, who sends them does not.
            self._app.conf.broker_transport_options |= {"socket_timeout": CONNECT_S}
            self._connection = self._app.connection_for_write()
        connection = self._connection
        errors = (*connection.connection_errors, *connection.channel_errors, OSError)
        try:
            return work()
        except Exception as error:
            _drop(connection)
            self._connection = self._app.connection_for_write()
            if not isinstance(error, errors) and "kombu" not in type(error).__module__:
                raise
            raise reason(self._broker, error) from error

    def _send(self, hint: Hint, queue: str, task_id: str) -> None:
        self._app.send_task(
            TASK,
            kwargs={"job": hint.job, "attempt": hint.attempt},
            task_id=task_id,
            queue=queue,
            connection=self._connection,
            retry=True,
            retry_policy=_AGAIN,
            ignore_result=True,
        )

    def _waiting(self, queue: str) -> int:
        from kombu.exceptions import ChannelError  # noqa: PLC0415

        try:
            with self._connection.channel() as channel:
                found = channel.queue_declare(queue=queue, passive=True)
        except ChannelError:  # there is no such queue: it is empty
            return 0
        return int(found.message_count)


def _drop(connection: Any) -> None:
    with contextlib.suppress(Exception):  # whatever is wrong with it, it is not used any more
        connection.release()
