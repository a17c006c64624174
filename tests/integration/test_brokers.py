"""Brokers that want a password, or speak TLS: a real Valkey, and what is said where it lets nobody
in."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from longwatch.cli.exits import Exit
from longwatch.client.address import Address
from longwatch.client.sync import Client
from longwatch.execution.celery_broker import Broker
from longwatch.execution.celery_hints import Hints
from longwatch.execution.contract import BrokerRefuses, BrokerUnreachable
from longwatch.protocol.worker import Hint
from support.processes import longwatch
from support.servers import serving
from support.tls import make_certificate, tls_before
from support.waiting import wait_until
from support.workers import Valkey, free_port

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Celery's pool is POSIX's")
SECRET, WRONG = "canary-of-the-broker", "another-canary"


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """A broker that wants a password."""
    with Valkey(tmp_path_factory.mktemp("locked")) as broker:
        assert broker.tell("CONFIG", "SET", "requirepass", SECRET) == b"+OK\r\n"
        yield broker


async def sent(broker: Broker, queue: str = "longwatch") -> int:
    """Send a hint; how many wait then."""
    hints = Hints(broker)
    try:
        await hints.send(Hint(job="a" * 16, attempt=1), queue, "task")
        return await hints.waiting(queue)
    finally:
        await hints.close()


def refused(broker: Broker) -> str:
    with pytest.raises(BrokerRefuses) as caught:
        asyncio.run(sent(broker))
    assert SECRET not in str(caught.value)
    assert WRONG not in str(caught.value)
    return str(caught.value)


def test_a_password(locked: Valkey) -> None:
    assert "wants a password; put it into" in refused(Broker.parse(locked.url))
    assert "does not take its password" in refused(Broker.parse(locked.url, WRONG))
    assert asyncio.run(sent(Broker.parse(locked.url, SECRET), "for-a-password")) == 1


def test_tls_of_a_signer_of_ones_own(locked: Valkey, tmp_path: Path) -> None:
    signer = make_certificate(tmp_path, "signer")
    other = make_certificate(tmp_path, "other")
    with tls_before(Address(f"http://127.0.0.1:{locked.port}", "x"), signer) as front:
        url = front.address.url.replace("https", "rediss") + "/0"
        unknown = refused(Broker.parse(url, SECRET))
        assert "not trusted here (self-signed certificate)" in unknown
        assert "?ssl_ca_certs=" in unknown
        assert "not trusted here" in refused(Broker.parse(f"{url}?ssl_ca_certs={other}", SECRET))
        trusted = f"{url}?ssl_ca_certs={signer}"
        assert "does not take its password" in refused(Broker.parse(trusted, WRONG))
        assert asyncio.run(sent(Broker.parse(trusted, SECRET), "for-tls")) == 1


def test_one_that_is_not_there_may_come() -> None:
    with pytest.raises(BrokerUnreachable) as caught:
        asyncio.run(sent(Broker.parse(f"redis://127.0.0.1:{free_port()}/0")))
    assert not isinstance(caught.value, BrokerRefuses)


@pytest.mark.slow
def test_a_server_and_a_worker_say_so(locked: Valkey, tmp_path: Path) -> None:
    settings = {"executor": "celery", "broker": locked.url, "broker_password": WRONG}
    data_dir = tmp_path / "data"
    with serving(data_dir, warm_spare=False, **settings) as (_, address), Client(address) as client:
        client.submit("select 1")
        wait_until(lambda: client._call(client._api.workers()).trouble)
        told = client._call(client._api.workers()).trouble
        assert told is not None
        assert "does not take its password" in told
        token, password = tmp_path / "token", tmp_path / "password"
        token.write_text(address.token)
        password.write_text(WRONG)
        where = ("--server", address.url, "--token-file", token, "--work-dir", tmp_path / "work")
        wrong = ("--broker", locked.url, "--broker-password-file", password)
        done = longwatch("worker", *where, *wrong)
    assert done.code == Exit.UNREACHABLE
    assert "does not take its password; look into broker_password_file." in done.err
    assert "Traceback" not in done.err
    logged = "".join(path.read_text("utf-8") for path in data_dir.glob("*.log"))
    assert not [one for one in (SECRET, WRONG) if one in logged + done.err]
