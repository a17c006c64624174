"""What words are looked for in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import numpy as np

from longwatch.protocol.jobs import JobError
from longwatch_desktop.mirror.columns import Mask, Slots
from longwatch_desktop.mirror.signatures import Signatures

_MOST: Final = 0.6
"""From this share of the texts on, looking through all is quicker than picking some."""


def search_text(
    name: str, preview: str, source: str, owner: str, job_id: str, error: JobError | None
) -> str:
    """What words are looked for in: name, the SQL's start, source, owner, id and what went wrong,
    a line each, so that no word is found across two of them."""
    wrong = "" if error is None else f"\n{error.code}\n{error.message}"
    return f"{name}\n{preview}\n{source}\n{owner}\n{job_id}{wrong}".casefold()


class SearchTexts:
    """The `search_text` of every job, by slot. `text` gives that of a slot.

    As bytes they would be a tenth smaller, and looked through five times as slowly.
    """

    def __init__(self, text: Callable[[int], str]) -> None:
        self._text = text
        self._texts: list[str] = []
        self._signatures = Signatures()
        self._due: set[int] = set()

    @property
    def is_due(self) -> bool:
        """Whether `prepare` has something to do."""
        return bool(self._due)

    def add_slot(self) -> None:
        """There is one slot more."""
        self._texts.append("")

    def change(self, slots: Iterable[int]) -> None:
        """The jobs in these slots are others than they were."""
        self._due.update(slots)

    def forget(self, slot: int) -> None:
        """There is no job in the slot any more."""
        self._texts[slot] = ""
        self._due.discard(slot)

    def prepare(self, most: int) -> bool:
        """Make up to `most` of the texts that are due, 4 µs each: the first key typed into a filter
        then answers at once. Returns whether more are due."""
        due, texts = self._due, self._texts
        made = [due.pop() for _ in range(min(most, len(due)))]
        for slot in made:
            texts[slot] = self._text(slot)
        if not due:
            self._due = set()  # an empty one keeps its room: 4 MB after 100,000
        self._signatures.put(made, [texts[slot] for slot in made])
        return bool(due)

    def all(self) -> Sequence[str]:
        """The texts. Brought up to date when asked for: nothing for a few, 0.3 s for 100,000 jobs
        the first time, unless they were prepared before."""
        self.prepare(len(self._due))
        return self._texts

    def having(self, word: str, slots: Slots) -> Mask:
        """Which of `slots` have `word`, given without case, in their text."""
        texts = self.all()
        may = self._signatures.may_have(word, slots)
        has = np.zeros(len(texts), np.bool_)
        if len(may) > len(texts) * _MOST:
            # By way of bytes: to make an array of a list of bools takes numpy 3 ms.
            has[:] = np.frombuffer(bytes([word in text for text in texts]), np.bool_)
        else:
            has[[slot for slot in may.tolist() if word in texts[slot]]] = True
        found: Mask = has[slots]
        return found
