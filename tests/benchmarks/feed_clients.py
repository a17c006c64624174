"""The thousand clients that `feed` measures with: a process on a core of its own.

Each is a WebSocket that reads no more of a frame than its head and its first words, so that a core
can be a thousand of them. Obeys lines of JSON on its input, and answers each with one.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import os
import re
import socket
import struct
import sys
import time
from typing import Any

_TICK = re.compile(rb'"type":"progress","tick":(\d+)')
_DELTA = re.compile(rb'"type":"delta","from":(\d+),"to":(\d+)')
_WORDS = 64
"""As much of a frame as is looked at."""


class Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, head: bytes, since: int | None) -> None:
        self.seq = -1
        self.epoch = ""
        self.frames = 0
        self.bytes = 0
        self.ticks: list[tuple[float, int]] = []
        self.open = False
        self.bye = b""
        self.transport: asyncio.Transport | None = None
        self._head = head
        self._since = since
        self._upgraded = False
        self._buffer = bytearray()
        self._skip = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.open = True
        transport.write(self._head)

    def connection_lost(self, _error: Exception | None) -> None:
        self.open = False

    def say(self, text: str) -> None:
        """Send a short text frame, its mask all zeros."""
        assert self.transport is not None
        data = text.encode()
        size = len(data)
        head = bytes([0x81, 0x80 | size]) if size < 126 else b"\x81\xfe" + struct.pack(">H", size)
        self.transport.write(head + bytes(4) + data)

    def data_received(self, data: bytes) -> None:
        self.bytes += len(data)
        if self._skip >= len(data):
            self._skip -= len(data)
            return
        if self._skip:
            data = data[self._skip :]
            self._skip = 0
        self._buffer += data
        if not self._upgraded:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            assert self._buffer.startswith(b"HTTP/1.1 101"), bytes(self._buffer[:200])
            del self._buffer[: end + 4]
            self._upgraded = True
        while self._read():
            pass

    def _read(self) -> bool:
        """Look at one frame; false when its beginning is not there yet."""
        buffer = self._buffer
        if len(buffer) < 2:
            return False
        length, start = buffer[1], 2
        if length == 126:
            if len(buffer) < 4:
                return False
            length, start = int.from_bytes(buffer[2:4], "big"), 4
        elif length == 127:
            if len(buffer) < 10:
                return False
            length, start = int.from_bytes(buffer[2:10], "big"), 10
        # Small frames whole, of large ones the beginning.
        wanted = length if length < 4096 else _WORDS
        if len(buffer) < start + wanted:
            return False
        self._heed(buffer[0] & 0xF, bytes(buffer[start : start + wanted]))
        whole = start + length
        if len(buffer) >= whole:
            del buffer[:whole]
        else:
            self._skip = whole - len(buffer)
            buffer.clear()
        return True

    def _heed(self, opcode: int, text: bytes) -> None:
        if opcode == 9:  # a ping: without an answer the server would hang up
            assert self.transport is not None
            self.transport.write(bytes([0x8A, 0x80 | len(text), 0, 0, 0, 0]) + text)
            return
        if opcode == 8:
            return
        self.frames += 1
        found = _TICK.search(text)
        if found:
            self.ticks.append((time.monotonic(), int(found[1])))
            return
        found = _DELTA.search(text)
        if found:
            self.seq = int(found[2])
        elif text.startswith(b'{"type":"hello"'):
            hello = json.loads(text)
            self.epoch = hello["epoch"]
            since = hello["seq"] if self._since is None else self._since
            known = {"since": since, "epoch": self.epoch}
            self.say(json.dumps({"type": "subscribe", **known}))
        elif text.startswith(b'{"type":"bye"'):
            self.bye = text


class Crowd:
    """All of them."""

    def __init__(self, host: str, port: int, path: str, token: str) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {host}:{port}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}",
        ]
        if token:
            lines.append(f"Authorization: Bearer {token}")
        self._head = "\r\n".join([*lines, "", ""]).encode()
        self._where = (host, port)
        self.clients: list[Client] = []

    async def connect(self, count: int, since: int | None = None) -> float:
        """So many more, at once, from `since` or from now on; seconds until all are connected."""
        began = time.perf_counter()
        loop = asyncio.get_running_loop()
        made = await asyncio.gather(
            *(
                loop.create_connection(lambda: Client(self._head, since), sock=sock)
                for sock in [self._socket() for _ in range(count)]
            )
        )
        self.clients += [client for _, client in made]
        return time.perf_counter() - began

    def _socket(self) -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        # A thousand clients on one core read in turn: what waits for theirs is not on its way.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        sock.connect(self._where)
        sock.setblocking(False)
        return sock

    async def until(self, seq: int, within_s: float) -> float:
        """Seconds until all stand at `seq`; -1.0 if they do not."""
        began = time.perf_counter()
        while min(client.seq for client in self.clients) < seq:
            if time.perf_counter() - began > within_s:
                return -1.0
            await asyncio.sleep(0.01)
        return time.perf_counter() - began

    def stop_reading(self, count: int) -> None:
        """So many of them stop."""
        for client in self.clients[:count]:
            assert client.transport is not None
            client.transport.pause_reading()

    def drop(self, count: int) -> None:
        """Drop so many of them."""
        gone, self.clients = self.clients[:count], self.clients[count:]
        for client in gone:
            if client.transport is not None:
                client.transport.abort()

    def counted(self) -> dict[str, Any]:
        """What came since the last call, and when the newest of it was known."""
        told = {
            "frames": [client.frames for client in self.clients],
            "bytes": [client.bytes for client in self.clients],
            "ticks": [client.ticks for client in self.clients],
            "open": sum(client.open for client in self.clients),
            "cpu_s": time.process_time(),
        }
        for client in self.clients:
            client.frames, client.bytes, client.ticks = 0, 0, []
        return told


async def obey(crowd: Crowd, asked: dict[str, Any]) -> Any:
    """Do what is asked."""
    match asked.pop("do"):
        case "connect":
            return await crowd.connect(**asked)
        case "until":
            return await crowd.until(**asked)
        case "stop_reading":
            crowd.stop_reading(**asked)
        case "drop":
            crowd.drop(**asked)
        case "counted":
            return crowd.counted()
    return None


async def main() -> None:
    """Obey until the input ends."""
    gc.disable()  # what is collected here would count as a delay of the server
    host, port, path, *token = sys.argv[1:]
    crowd = Crowd(host, int(port), path, token[0] if token else "")
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=2**20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        answer = await obey(crowd, json.loads(line))
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
