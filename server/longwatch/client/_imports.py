"""Importing a heavy library without holding up the event loop that asks for it."""

from __future__ import annotations

import asyncio
import importlib
import sys


async def load(module: str) -> None:
    """Import `module` in a worker thread, so that the `import` which follows costs nothing.

    httpx and websockets take 150 ms each; in the loop of a window that is a visible stutter.
    """
    if module not in sys.modules:
        await asyncio.to_thread(importlib.import_module, module)
