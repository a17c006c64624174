"""A real RabbitMQ, where one is installed."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from typing import Self

from support.waiting import wait_until
from support.workers import free_port

PATIENCE_S = 90.0
"""Erlang takes ten seconds to start where there is much else to do."""


def server_script() -> Path | None:
    """The server's own script; the one in the path wants to become another user."""
    found = sorted(Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*/sbin/rabbitmq-server"))
    wanted = shutil.which("epmd") is not None and shutil.which("erl") is not None
    return found[-1] if found and wanted else None


class RabbitMQ:
    """A RabbitMQ server on ports of its own, which nobody else reaches."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self.port = free_port()
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}//"
        names_port, nodes_port = free_port(), free_port()
        (folder / "plugins").write_text("[].", encoding="ascii")
        (folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\ndisk_free_limit.absolute = 10MB\n",
            encoding="ascii",
        )
        # It closes the channel of whoever keeps a message unanswered for so long (ms): half an hour
        # by default, which a query may well take. It looks once in a tick.
        (folder / "advanced.config").write_text(
            "[{rabbit, [{consumer_timeout, 2000}, {channel_tick_interval, 1000}]}].",
            encoding="ascii",
        )
        self._env = {
            **os.environ,
            "HOME": str(folder),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(names_port),
            "RABBITMQ_NODENAME": "longwatch@localhost",
            "RABBITMQ_DIST_PORT": str(nodes_port),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
        }
        self._names: subprocess.Popen[bytes] | None = None
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """What it writes of itself."""
        return self._folder / "log" / "longwatch@localhost.log"

    def __enter__(self) -> Self:
        # In the foreground: the server would leave one behind.
        self._names = subprocess.Popen(["epmd"], env=self._env)
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        if self._names is not None:
            self._names.kill()
            self._names.wait()

    def start(self) -> None:
        """Start it, with what it had when it was killed."""
        script = server_script()
        assert script is not None
        with (self._folder / "rabbitmq.out").open("ab") as out:
            self._server = subprocess.Popen(
                [str(script)],
                env=self._env,
                cwd=self._folder,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        wait_until(self._answers, patience_s=PATIENCE_S)

    def kill(self) -> None:
        """SIGKILL of all its processes."""
        if self._server is not None and self._server.poll() is None:
            os.killpg(self._server.pid, signal.SIGKILL)
            self._server.wait()

    def _answers(self) -> bool:
        assert self._server is not None
        assert self._server.poll() is None, (self._folder / "rabbitmq.out").read_text()
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
        except OSError:
            return False
        return True
