"""`NameOrder`: a number for the name of each job, so that sorting by names is sorting numbers."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

_FEW: Final = 32
"""Up to so many names are put among the others one by one, 0.1 ms each."""

Numbers = npt.NDArray[np.float64]


class NameOrder:
    """The slots in the order of their jobs' names, kept from one sort to the next.

    To compare 100,000 texts takes 80 ms, which is why it is done a part at a time before somebody
    asks, and new names find their place among the others. `texts` are those of a search, by slot:
    they begin with the name and a line feed.
    """

    def __init__(self, texts: Callable[[], Sequence[str]]) -> None:
        self._texts = texts
        self._order: list[int] = []
        self._due: set[int] = set()
        self._gone: set[int] = set()
        self._number: Numbers = np.empty(0)
        self._numbered = True
        self.edition = 0
        """Changes whenever the number of a name does; their order never changes."""

    @property
    def is_due(self) -> bool:
        """Whether `prepare` has something to do."""
        return bool(self._due)

    def add(self, slots: Iterable[int]) -> None:
        """These slots have new jobs."""
        self._due.update(slots)

    def drop(self, slots: Iterable[int]) -> None:
        """The jobs in these slots are gone."""
        gone = set(slots)
        self._due -= gone
        self._gone |= gone

    def prepare(self, most: int) -> None:
        """Put up to so many names in their places: 15 ms at most beside 100,000 others."""
        self._forget()
        due = self._due
        new = [due.pop() for _ in range(min(most, len(due)))]
        if not due:
            self._due = set()  # an empty one keeps its room: 4 MB after 100,000
        if not new:
            return
        by_name = self._texts().__getitem__
        new.sort(key=by_name)
        self._order += new
        self._order.sort(key=by_name)  # two runs, which only have to be merged
        self._numbered = False

    def numbers(self, slots: npt.NDArray[np.intp]) -> Numbers:
        """The number of each slot's name: equal ones have the same."""
        self._forget()
        if self._numbered and len(self._due) <= _FEW:
            self._insert()
        else:
            self.prepare(len(self._due))
            self._count()
        found: Numbers = self._number[slots]
        return found

    def _forget(self) -> None:
        if self._gone:
            gone = self._gone
            self._order = [slot for slot in self._order if slot not in gone]
            gone.clear()

    def _insert(self) -> None:
        texts, order = self._texts(), self._order
        for slot in self._due:
            self._reserve(slot)
            number, text = self._number, texts[slot]
            place = bisect_left(order, text, key=texts.__getitem__)
            alike = [
                other for other in order[max(0, place - 1) : place + 1]
                if _name(texts[other]) == _name(text)
            ]  # fmt: skip
            if alike:
                number[slot] = number[alike[0]]
            else:
                own = number[order[place - 1]] + 1 if place else 0.0
                number[number >= own] += 1
                number[slot] = own
                self.edition += 1
            order.insert(place, slot)
        self._due.clear()

    def _count(self) -> None:
        if self._numbered:
            return
        texts, order = self._texts(), self._order
        names = [texts[slot].partition("\n")[0] for slot in order]
        steps = np.zeros(len(order))
        np.cumsum([one != other for one, other in pairwise(names)], out=steps[1:])
        self._reserve(max(order))
        self._number[np.array(order, np.intp)] = steps
        self._numbered = True
        self.edition += 1

    def _reserve(self, slot: int) -> None:
        more = slot + 1 - len(self._number)
        if more > 0:
            self._number = np.concatenate((self._number, np.zeros(max(more, len(self._number)))))


def _name(text: str) -> str:
    return text.partition("\n")[0]
