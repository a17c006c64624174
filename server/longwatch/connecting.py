"""`longwatch.connect`: from nothing, or from a URL and a token, to a `Client`.

The one place of the public face that knows both the client and the embedded server.
"""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from longwatch.client.address import Address
from longwatch.client.discovery import find_local
from longwatch.client.errors import InvalidAddress
from longwatch.client.sync import Client
from longwatch.paths import default_data_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from longwatch.host import ServerThread

URL_VARIABLE: Final = "LONGWATCH_URL"
TOKEN_VARIABLE: Final = "LONGWATCH_TOKEN"  # noqa: S105 - a name, not a token
TOKEN_FILE_VARIABLE: Final = "LONGWATCH_TOKEN_FILE"  # noqa: S105 - likewise
CERTIFICATE_VARIABLE: Final = "LONGWATCH_CERTIFICATE_FILE"


def connect(
    url: str | None = None,
    token: str | None = None,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    certificate_file: str | os.PathLike[str] | None = None,
) -> Client:
    """Connect to a Longwatch server.

    - `connect(url, token)`, or `LONGWATCH_URL` with `LONGWATCH_TOKEN` or `LONGWATCH_TOKEN_FILE`
      in the environment: that server. `certificate_file`, or `LONGWATCH_CERTIFICATE_FILE`, is a PEM
      file with the one certificate that it may show, for a server that signs its own.
    - `connect()`: the server that runs on this machine, the window's own included; if there is
      none, one is started inside this process and stopped by `close()`, or when Python ends.
      `data_dir` says where it keeps its jobs; by default the folder the window uses.

    Raises `InvalidAddress` for a URL without a token, `longwatch.host.HostError` when no server
    can be started. A server that does not answer shows at the first call.
    """
    address = None
    if data_dir is None:
        address = remote_address(
            url, token, certificate_file=certificate_file, environment=os.environ
        )
    if url is not None and data_dir is not None:
        raise InvalidAddress("Give either the URL of a server or a data folder, not both.")
    if address is not None:
        return Client(address)
    return _connect_embedded(None if data_dir is None else Path(data_dir))


def remote_address(
    url: str | None,
    token: str | None,
    *,
    token_file: str | os.PathLike[str] | None = None,
    certificate_file: str | os.PathLike[str] | None = None,
    environment: Mapping[str, str],
) -> Address | None:
    """The server that arguments, or else the environment, name; `None` if neither does.

    Raises `InvalidAddress` when there is a URL and no token, or a file that cannot be read.
    """
    where = url or environment.get(URL_VARIABLE)
    if not where:
        if token:
            raise InvalidAddress("There is a token, but no URL of a server to use it with.")
        return None
    file = token_file or (None if token else environment.get(TOKEN_FILE_VARIABLE))
    if file and not token:
        token = _read("token", file)
    secret = token or environment.get(TOKEN_VARIABLE)
    if not secret:
        raise InvalidAddress(
            f"The server at {where} needs a token: give it, or set {TOKEN_VARIABLE} or "
            f"{TOKEN_FILE_VARIABLE}."
        )
    pinned = certificate_file or environment.get(CERTIFICATE_VARIABLE)
    return Address.parse(where, secret, _read("certificate", pinned) if pinned else "")


def _read(what: str, file: str | os.PathLike[str]) -> str:
    try:
        return Path(file).expanduser().read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidAddress(f"The {what} file {file} cannot be read: {error}.") from error


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A server on this machine. `thread` is the embedded one that was started for the caller, who
    must stop it; `None` when somebody else runs it."""

    address: Address
    thread: ServerThread | None


def open_local(data_dir: Path | None = None, *, start: bool = True) -> LocalServer | None:
    """The server of a data folder (`None`: the default one): the running one, or one started now.

    With `start` false, `None` when none runs. Raises `longwatch.host.HostError` when none can be
    started.
    """
    folder = data_dir if data_dir is not None else default_data_dir()
    running = find_local(folder)
    if running is not None:
        return LocalServer(running, None)
    if not start:
        return None
    from longwatch.host import AlreadyServing, ServerThread  # noqa: PLC0415 - only if none runs

    thread = ServerThread(folder)
    try:
        return LocalServer(thread.start(), thread)
    except AlreadyServing as error:
        # Somebody else started one between our look and our start.
        return LocalServer(error.address, None)


def _connect_embedded(data_dir: Path | None) -> Client:
    server = open_local(data_dir)
    assert server is not None
    if server.thread is None:
        return Client(server.address)
    try:
        client = Client(server.address, server=server.thread)
    except BaseException:
        server.thread.stop()
        raise
    _close_before_exit(client)
    return client


def _close_before_exit(client: Client) -> None:
    """Close the client when the main thread ends.

    `atexit` is too late: by then the interpreter takes no more work for thread pools, which a
    server needs to stop in order. concurrent.futures registers its own end the same way.
    """
    reference = weakref.ref(client)

    def close() -> None:
        still_there = reference()
        if still_there is not None:
            still_there.close()

    register: Callable[[Callable[[], None]], object]
    register = getattr(threading, "_register_atexit", atexit.register)
    register(close)
