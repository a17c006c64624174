"""Where a broker is, and what both ends of it agree on."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from longwatch.execution.celery_broker import Broker, InvalidBroker, celery_app
from longwatch.settings import SettingsError, load_settings

CANARY = "the-broker-canary/@:"


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("redis://localhost:6379/0", "redis://localhost:6379/0"),
        ("valkey://localhost/1", "redis://localhost/1"),
        ("rediss://broker:6380", "rediss://broker:6380"),
        ("amqps://ada@rabbit/jobs", "amqps://ada@rabbit/jobs"),
        ("redis://[::1]:6379/0", "redis://[::1]:6379/0"),
    ],
)
def test_an_address(url: str, plain: str) -> None:
    assert Broker.parse(url).full_url() == plain


def test_a_password_is_kept_apart() -> None:
    broker = Broker.parse("redis://ada:old@localhost:6379/0", CANARY)
    assert CANARY not in repr(broker)
    assert broker.url == "redis://ada@localhost:6379/0"
    connection = celery_app(broker).connection_for_write()
    assert connection.password == CANARY
    assert Broker.parse("redis://:inside@localhost").password == "inside"


@pytest.mark.parametrize("url", ["", "localhost:6379", "http://x", "redis://", "redis://h:x/0"])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(InvalidBroker):
        Broker.parse(url)


def test_parameters_of_an_address() -> None:
    """Celery would raise a `TypeError` for one that it does not know, at the first hint."""
    broker = Broker.parse("redis://localhost:6379/0?visibility_timeout=7")
    connection = celery_app(broker).connection_for_write()
    assert connection.transport_options["visibility_timeout"] == 7
    assert connection.virtual_host == "0"
    for query, why in (("retry=1", "has no 'retry'"), ("visibility_timeout=x", "whole number")):
        with pytest.raises(InvalidBroker, match=why):
            Broker.parse(f"redis://localhost/0?{query}")


def test_nothing_but_json_and_no_way_to_control_workers() -> None:
    conf = celery_app(Broker.parse("redis://localhost")).conf
    assert conf.accept_content == ["json"]
    assert conf.task_serializer == "json"
    assert conf.worker_enable_remote_control is False
    assert conf.result_backend is None


@pytest.mark.parametrize("asked", ["none", "optional", "CERT_NONE"])
def test_no_address_turns_tls_off(asked: str) -> None:
    with pytest.raises(InvalidBroker, match=r"anybody could be the broker.*ssl_ca_certs"):
        Broker.parse(f"rediss://broker?ssl_cert_reqs={asked}")


def test_tls_is_checked() -> None:
    conf = celery_app(Broker.parse("rediss://broker")).conf
    assert conf.broker_use_ssl == {"ssl_cert_reqs": ssl.CERT_REQUIRED}


def test_the_settings_of_a_broker(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="needs a broker"):
        load_settings(tmp_path, {"executor": "celery"})
    file = tmp_path / "password"
    file.write_text(CANARY + "\n", encoding="ascii")
    given = {"executor": "celery", "broker": "redis://x", "broker_password_file": file}
    settings = load_settings(tmp_path, given)
    assert settings.broker_secret() == CANARY
    assert CANARY not in repr(settings)
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path, {**given, "broker_password_file": tmp_path / "x"}).broker_secret()
