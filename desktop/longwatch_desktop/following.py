"""Follows the server that is chosen, and the next one when another is."""

from __future__ import annotations

import asyncio

from longwatch.client.errors import InvalidAddress
from longwatch_desktop.hosting import EmbeddedServer
from longwatch_desktop.servers.control import ServerControl
from longwatch_desktop.servers.profiles import ProfilesUnreadable
from longwatch_desktop.session import Health, Link, Session


class Following:
    """Starts the embedded server when it is wanted first, and again should it ever go away. It goes
    on, with its jobs, while another server is looked at."""

    def __init__(self, session: Session, embedded: EmbeddedServer, servers: ServerControl) -> None:
        self._session = session
        self._embedded = embedded
        self._servers = servers
        self._lost = asyncio.Event()
        self._again = asyncio.Event()
        self._switched = asyncio.Event()
        session.health_changed.connect(self._watch)
        servers.chosen.connect(self._switched.set)

    def try_again(self) -> None:
        """Whoever looks at a server that could not be had wants it now."""
        self._again.set()

    async def run(self) -> None:
        """Follow, for ever; ends by being cancelled."""
        try:
            await self._servers.load()
        except ProfilesUnreadable as error:
            self._session.trouble.emit(str(error))
        while True:
            self._switched.clear()
            remote = self._servers.current is not None
            work = asyncio.create_task(self._remote() if remote else self._local())
            switched = asyncio.create_task(self._switched.wait())
            try:
                await asyncio.wait({work, switched}, return_when=asyncio.FIRST_COMPLETED)
                if work.done():
                    work.result()
            finally:
                for task in (work, switched):
                    task.cancel()
                await asyncio.gather(work, switched, return_exceptions=True)
            self._session.leave()

    async def _remote(self) -> None:
        while True:
            self._session.starting()
            try:
                # It goes on for ever, unless what is kept of the server is of no use.
                await self._session.run(await self._servers.address())
            except (ProfilesUnreadable, InvalidAddress) as error:
                self._session.failed(str(error))
                await self._wish()

    async def _local(self) -> None:
        while True:
            self._session.starting()
            try:
                address = await self._embedded.start()
            except Exception as error:
                self._session.failed(str(error) or type(error).__name__)
                await self._wish()
                continue
            following = asyncio.create_task(self._session.run(address))
            try:
                while await self._is_there():
                    self._lost.clear()
                    await self._lost.wait()
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)

    async def _wish(self) -> None:
        self._again.clear()
        await self._again.wait()

    async def _is_there(self) -> bool:
        """Whether the server still is; a feed that broke is no proof that it is gone."""
        return self._session.connected or await self._embedded.is_alive()

    def _watch(self, health: Health) -> None:
        if health.link is Link.RECONNECTING:
            self._lost.set()
