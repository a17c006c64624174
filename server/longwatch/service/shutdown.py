"""How a server ends: what runs may come to its end, what does not is ended, goodbye is said."""

from __future__ import annotations

from longwatch.feed.hub import FeedHub
from longwatch.service.jobs import JobService


class Shutdown:
    """Ends the jobs and the feed of one server, in order."""

    def __init__(self, service: JobService, hub: FeedHub, drain_s: float) -> None:
        self.begun = False
        """From here on no more queries are started."""
        self._service = service
        self._hub = hub
        self._drain_s = drain_s

    async def wind_down(self) -> None:
        """Start nothing more, and let what runs come to its end, within the bound of the settings.
        The server answers meanwhile, but is not ready."""
        self.begun = True
        await self._service.wind_down(self._drain_s)

    async def drain(self, *, keep: bool = False) -> None:
        """End what runs (or, with `keep`, let it go on without a server) and say goodbye to every
        feed. A second call does nothing."""
        self.begun = True
        # Feeds stay open while jobs end, so that clients hear what becomes of them.
        if not self._hub.closing:
            try:
                await self._service.stop(keep=keep)
            finally:
                await self._hub.close()
