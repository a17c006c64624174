"""Random ids: no two alike, and no secrets."""

from __future__ import annotations

import random
from typing import Final

_GENERATOR: Final = random.Random()  # noqa: S311 - seeded by the system; tokens are made elsewhere


def random_bytes(count: int) -> bytes:
    """So many bytes for an id; not for a token or a key.

    Asking the system for each would let another thread have the interpreter meanwhile: a tenth of
    what a submit takes.
    """
    return _GENERATOR.randbytes(count)
