"""Importing a heavy library without holding up the event loop that asks for it."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import sys


async def load(*modules: str) -> None:
    """Import these in a worker thread, so that the `import` which follows costs nothing.

    httpx and websockets take 150 ms each; in the loop of a window that is a visible stutter.
    """
    if any(module not in sys.modules for module in modules):
        await asyncio.to_thread(_load, modules)


def _load(modules: tuple[str, ...]) -> None:
    for module in modules:
        with contextlib.suppress(ModuleNotFoundError):  # which the `import` tells, if it matters
            importlib.import_module(module)
