"""`Signatures`: which texts cannot have a word, without a look at them.

Of each text 256 bits say which pairs of neighbouring bytes it has, several pairs to a bit. A word
is only where all its pairs are: of 100,000 texts of 150 characters about one in a hundred others is
left to be looked through. To ask takes 1 ms, to look through all of them 10 to 18.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from longwatch_desktop.mirror.columns import Slots

_BITS: Final = 256
_PARTS: Final = _BITS // 64
_AT_ONCE: Final = 500
"""Texts whose bits are in the processor's own memory together: half the time of 10,000."""
_FACTOR: Final = 37
"""Spreads pairs of small letters over the bits."""


class Signatures:
    """The bits of each text, by slot."""

    def __init__(self) -> None:
        self._bits: npt.NDArray[np.uint64] = np.zeros((0, _PARTS), np.uint64)

    def put(self, slots: Sequence[int], texts: Sequence[str]) -> None:
        """Note what these texts have; 2 µs each."""
        if not slots:
            return
        more = max(slots) + 1 - len(self._bits)
        if more > 0:
            more = max(more, len(self._bits) // 8)
            self._bits = np.concatenate((self._bits, np.zeros((more, _PARTS), np.uint64)))
        for start in range(0, len(slots), _AT_ONCE):
            some = np.array(slots[start : start + _AT_ONCE], np.intp)
            self._bits[some] = _bits_of(texts[start : start + _AT_ONCE])

    def may_have(self, word: str, slots: Slots) -> Slots:
        """Those of `slots` whose text may have the word in it."""
        wanted = _bits_of([word])[0]
        for part in range(_PARTS):
            if wanted[part]:
                slots = slots[self._bits[slots, part] & wanted[part] == wanted[part]]
        return slots


def _bits_of(texts: Sequence[str]) -> npt.NDArray[np.uint64]:
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    lengths = np.array([len(one) for one in encoded], np.intp)
    run = np.frombuffer(b"".join(encoded), np.uint8)
    pairs = run[:-1] * np.uint8(_FACTOR) + run[1:]  # over 255 it wraps around
    rows = np.repeat(np.arange(len(texts)), lengths)
    inside = rows[:-1] == rows[1:]
    has = np.zeros((len(texts), _BITS), np.bool_)
    has[rows[:-1][inside], pairs[inside]] = True
    bits: npt.NDArray[np.uint64] = np.packbits(has, axis=1).view(np.uint64)
    return bits
