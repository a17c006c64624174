"""The thousand clients that `feed` measures with: a process on a core of its own.

Each is a WebSocket that reads no more of a frame than its head and its first words, so that a core
can be a thousand of them: without asyncio, 9 µs a frame where it took 30, so that what is late is
the server and not they. Every hundredth decodes all it gets. Obeys lines of JSON on its input, and
answers each with one.
"""

from __future__ import annotations

import base64
import gc
import json
import os
import re
import select
import socket
import struct
import sys
import time
from typing import Any

import msgspec

from longwatch.protocol.frames import ServerFrame

_TICK = re.compile(rb'"type":"progress","tick":(\d+)')
_DELTA = re.compile(rb'"type":"delta","from":(\d+),"to":(\d+)')
_HELLO = re.compile(rb'"type":"hello".*"epoch":"([^"]*)".*"seq":(\d+)')
_WORDS = 64
"""As much of a frame as is looked at."""


_HELLO_BYTES = 512
_RECEIVED = 256 * 1024
_SAMPLED = 100
"""Each so manieth client decodes its frames; what it has it knows only then."""


class Client:
    """One connection."""

    def __init__(self, sock: socket.socket, head: bytes, since: int | None, decode: Any) -> None:
        self.seq = -1
        self.frames = 0
        self.bytes = 0
        self.ticks: list[tuple[float, int]] = []
        self.open = True
        self.sock = sock
        self._since = since
        self._decode = decode
        self._upgraded = False
        self._buffer = bytearray()
        self._skip = 0
        sock.sendall(head)

    def say(self, text: str) -> None:
        """Send a short text frame, its mask all zeros."""
        data = text.encode()
        size = len(data)
        head = bytes([0x81, 0x80 | size]) if size < 126 else b"\x81\xfe" + struct.pack(">H", size)
        self.sock.sendall(head + bytes(4) + data)

    def received(self, data: memoryview) -> None:
        """Take what has arrived."""
        size = len(data)
        self.bytes += size
        if self._skip >= size:
            self._skip -= size
            return
        self._buffer += data[self._skip :]
        self._skip = 0
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
        wanted = length if length < 4096 or self._decode is not None else _WORDS
        if len(buffer) < start + wanted:
            return False
        opcode, whole = buffer[0] & 0xF, start + length
        if self._decode is not None and opcode == 1:
            self._decode(buffer[start:whole])
        self._heed(opcode, bytes(buffer[start : start + min(wanted, _HELLO_BYTES)]))
        if len(buffer) >= whole:
            del buffer[:whole]
        else:
            self._skip = whole - len(buffer)
            buffer.clear()
        return True

    def _heed(self, opcode: int, text: bytes) -> None:
        if opcode == 9:  # a ping: without an answer the server would hang up
            self.sock.sendall(bytes([0x8A, 0x80 | len(text), 0, 0, 0, 0]) + text)
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
            return
        found = _HELLO.search(text)
        if found:
            since = int(found[2]) if self._since is None else self._since
            known = {"since": since, "epoch": found[1].decode()}
            self.say(json.dumps({"type": "subscribe", **known}))


class Crowd:
    """All of them, and the input."""

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
        self._decode = msgspec.json.Decoder(ServerFrame).decode if token else None
        self._poll = select.epoll()
        self._poll.register(0, select.EPOLLIN)
        self._by_number: dict[int, Client] = {}
        self._room = memoryview(bytearray(_RECEIVED))
        self.clients: list[Client] = []

    def look(self, within_s: float) -> bool:
        """Read whatever has arrived or arrives so soon; whether there is something on the input."""
        asked = False
        for number, _ in self._poll.poll(within_s):
            if number == 0:
                asked = True
                continue
            client = self._by_number.get(number)
            if client is None:
                continue
            try:
                size = client.sock.recv_into(self._room)
            except BlockingIOError:
                continue
            except OSError:
                size = 0
            if size:
                client.received(self._room[:size])
            else:
                self._close(client)
        return asked

    def _close(self, client: Client) -> None:
        if client.open:
            client.open = False
            del self._by_number[client.sock.fileno()]
            client.sock.close()

    def connect(self, count: int, since: int | None = None) -> None:
        """So many more, at once, from `since` or from now on."""
        for n in range(count):
            sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            # A thousand clients on one core read in turn: what waits for theirs is not on its way.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
            sock.connect(self._where)
            decode = self._decode if n % _SAMPLED == 0 else None
            client = Client(sock, self._head, since, decode)
            sock.setblocking(False)
            self.clients.append(client)
            self._by_number[sock.fileno()] = client
            self._poll.register(sock, select.EPOLLIN)

    def until(self, seq: int, within_s: float) -> float:
        """Seconds until all stand at `seq`; -1.0 if they do not."""
        began = time.perf_counter()
        while any(client.seq < seq for client in self.clients):
            if time.perf_counter() - began > within_s:
                return -1.0
            self.look(0.01)
        return time.perf_counter() - began

    def stop_reading(self, count: int) -> None:
        """So many of them stop."""
        for client in self.clients[:count]:
            self._poll.unregister(client.sock)

    def drop(self, count: int) -> None:
        """Drop so many of them."""
        gone, self.clients = self.clients[:count], self.clients[count:]
        for client in gone:
            if client.open:
                # At once, as a process that dies does it.
                linger = struct.pack("ii", 1, 0)
                client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self._close(client)

    def begin(self) -> float:
        """Count anew from this moment, which is returned."""
        for client in self.clients:
            client.frames, client.bytes, client.ticks = 0, 0, []
        return time.monotonic()

    def counted(self) -> dict[str, Any]:
        """What came since the last call, when the newest of it was known, and until when: to tell
        all this takes a moment in which nobody reads."""
        told = {
            "ended": time.monotonic(),
            "frames": [client.frames for client in self.clients],
            "bytes": [client.bytes for client in self.clients],
            "ticks": [client.ticks for client in self.clients],
            "open": sum(client.open for client in self.clients),
            "cpu_s": time.process_time(),
        }
        self.begin()
        return told


def obey(crowd: Crowd, asked: dict[str, Any]) -> Any:
    """Do what is asked."""
    match asked.pop("do"):
        case "connect":
            crowd.connect(**asked)
        case "until":
            return crowd.until(**asked)
        case "stop_reading":
            crowd.stop_reading(**asked)
        case "drop":
            crowd.drop(**asked)
        case "begin":
            return crowd.begin()
        case "counted":
            return crowd.counted()
    return None


def main() -> None:
    """Obey until the input ends."""
    gc.disable()  # what is collected here would count as a delay of the server
    host, port, path, *token = sys.argv[1:]
    crowd = Crowd(host, int(port), path, token[0] if token else "")
    while True:
        # One line at a time: who asks waits for the answer.
        if crowd.look(1.0):
            line = sys.stdin.readline()
            if not line:
                return
            answer = obey(crowd, json.loads(line))
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
