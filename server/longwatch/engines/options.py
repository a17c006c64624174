"""What the options of sources have in common, whatever the engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

_YES: Final = frozenset({"1", "true", "yes", "on"})


def is_on(options: Mapping[str, str], name: str) -> bool:
    """Whether an option says yes."""
    return options.get(name, "").strip().lower() in _YES


def masked(text: str, secrets: Iterable[str]) -> str:
    """`text` without a source's secrets, should they be in it."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return text
