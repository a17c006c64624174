"""Several statements as one whole."""

from __future__ import annotations


def of_script(fraction: float | None, statement: int, statements: int) -> float | None:
    """What an engine that tells `fraction` of one of its statements tells of a whole script. A 0 is
    no measurement."""
    if fraction is None or fraction <= 0 or not statements:
        return None
    return (statement - 1 + min(fraction, 1.0)) / statements
