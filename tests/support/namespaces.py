"""Networks of their own: Linux' network namespaces, and links between them that can be cut.

A link that is down loses what is sent over it without a word, as a pulled cable does: whoever
waits for an answer hears neither an end of the connection nor a reset. The namespaces and all their
addresses end with the processes that hold them; nothing of it can be seen from outside.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from support.waiting import wait_until

_OWN = Path("/proc/thread-self/ns/net")


def unavailable() -> str | None:
    """Why there can be no namespaces here; `None` where there can."""
    if sys.platform != "linux":
        return "network namespaces are Linux'"
    missing = [name for name in ("ip", "nsenter", "unshare") if shutil.which(name) is None]
    if missing:
        return f"network namespaces take {' and '.join(missing)}"
    try:
        with Namespace() as one, Namespace() as other:
            Link(one, other, 1).cut()
    except (OSError, subprocess.SubprocessError) as error:
        return f"this user may not make network namespaces ({error})"
    return None


class Namespace:
    """A network of its own, with a loopback device."""

    def __init__(self) -> None:
        self._holder: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        ours = _OWN.readlink()
        # `cat` ends with its input, so with this process at the latest.
        self._holder = subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE)

        def is_made() -> bool:
            if self._holder is not None and self._holder.poll() is not None:
                raise PermissionError("unshare --net failed")
            with contextlib.suppress(OSError):
                return self.file.readlink() != ours
            return False

        try:
            wait_until(is_made)
            self.run("ip", "link", "set", "lo", "up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._holder is not None:
            self._holder.kill()
            self._holder.communicate()

    @property
    def pid(self) -> int:
        """A process that lives in it."""
        assert self._holder is not None
        return self._holder.pid

    @property
    def file(self) -> Path:
        """What the kernel knows it by."""
        return Path(f"/proc/{self.pid}/ns/net")

    def run(self, *command: str) -> None:
        """Run a command in it. Raises `CalledProcessError`."""
        whole = ["nsenter", "--target", str(self.pid), "--net", *command]
        subprocess.run(whole, check=True, capture_output=True)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Let this thread be in it: with all sockets that it opens, and all threads and processes
        that it starts."""
        with _OWN.open("rb") as before, self.file.open("rb") as there:
            _enter(there.fileno())
            try:
                yield
            finally:
                _enter(before.fileno())


@dataclass(frozen=True, slots=True)
class Link:
    """A cable between two namespaces. The first has the address `10.77.NUMBER.1`, the second
    `10.77.NUMBER.2`."""

    first: Namespace
    second: Namespace
    number: int
    device: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "device", f"link{self.number}")
        peer = ("peer", "name", self.device, "netns", str(self.second.pid))
        self.first.run("ip", "link", "add", self.device, "type", "veth", *peer)
        for one, address in ((self.first, self.first_address), (self.second, self.second_address)):
            one.run("ip", "address", "add", f"{address}/24", "dev", self.device)
            one.run("ip", "link", "set", self.device, "up")

    @property
    def first_address(self) -> str:
        """Of the first."""
        return f"10.77.{self.number}.1"

    @property
    def second_address(self) -> str:
        """Of the second."""
        return f"10.77.{self.number}.2"

    def cut(self) -> None:
        """Lose all that is sent from now on. The second notices nothing but silence."""
        self.first.run("ip", "link", "set", self.device, "down")

    def mend(self) -> None:
        """Be as before."""
        self.first.run("ip", "link", "set", self.device, "up")


def _enter(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
