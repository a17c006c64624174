"""How many feeds there may be, in all and of one person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class TooManyFeeds(Exception):
    """No more feeds at once."""

    retry_after_s = 30

    def __init__(self, most: int, person: str | None) -> None:
        whose = "This server has" if person is None else f"{person} has"
        super().__init__(
            f"{whose} {most:,} open feeds, and may have no more. Close one, or ask whoever runs "
            "the server to allow more."
        )


class FeedRoom:
    """Counts the feeds that are open."""

    def __init__(self, most: int, most_of_person: int) -> None:
        self._most = most
        self._most_of_person = most_of_person
        self._open: Counter[str] = Counter()
        self._total = 0

    @contextmanager
    def one_of(self, person: str) -> Iterator[None]:
        """Room for one more of this person's. Raises `TooManyFeeds`."""
        if self._total >= self._most:
            raise TooManyFeeds(self._most, None)
        if self._open[person] >= self._most_of_person:
            raise TooManyFeeds(self._most_of_person, person)
        self._open[person] += 1
        self._total += 1
        try:
            yield
        finally:
            self._total -= 1
            self._open[person] -= 1
            if not self._open[person]:
                del self._open[person]
