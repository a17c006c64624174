"""Local servers that take whatever they are sent, and keep it: HTTP and mail."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler, TCPServer, ThreadingTCPServer


@dataclass(frozen=True, slots=True)
class Taken:
    """One request that was sent."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Sink:
    """Where it listens, what it was sent, and how it answers: `statuses` in their order, then 200
    for ever."""

    port: int
    taken: list[Taken] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)


@contextmanager
def sink() -> Iterator[Sink]:
    """A sink on a free port of the loopback device."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            found.taken.append(Taken(self.path, dict(self.headers.items()), body))
            self.send_response(found.statuses.pop(0) if found.statuses else 200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing in the tests' output."""

    found = Sink(0)
    with _listening(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as found.port:
        yield found


@contextmanager
def mailbox() -> Iterator[tuple[int, list[str]]]:
    """A port of the loopback device that takes mail by SMTP, and the messages it was sent."""
    messages: list[str] = []

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            while line := self.rfile.readline():
                command = line.strip().upper()
                if command.startswith(b"EHLO"):
                    self.wfile.write(b"250-here\r\n250 8BITMIME\r\n")
                elif command == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    text = b""
                    while (line := self.rfile.readline()) not in {b".\r\n", b""}:
                        text += line
                    messages.append(text.decode())
                    self.wfile.write(b"250 taken\r\n")
                elif command == b"QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
                else:
                    self.wfile.write(b"250 well\r\n")

    with _listening(ThreadingTCPServer(("127.0.0.1", 0), Handler)) as port:
        yield port, messages


@contextmanager
def _listening(server: TCPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, name="sink", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()
