"""Tool tips of texts that come from elsewhere."""

from __future__ import annotations

import html
from typing import Final

MOST_CHARS: Final = 4_000


def wrapped(text: str) -> str:
    """`text` for a tool tip, which is as wide as the longest line of what is plain."""
    cut = text if len(text) <= MOST_CHARS else text[:MOST_CHARS] + "…"
    return f"<qt><p style='white-space: pre-wrap'>{html.escape(cut)}</p></qt>"
