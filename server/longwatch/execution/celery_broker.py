"""The broker: where it is, and what both ends of it agree on.

It carries hints, and nothing but: a hint that is lost, repeated or made up does no harm, since a
worker asks the server what there is to do. So there is no result backend, and no remote control:
whoever reaches the broker could otherwise end workers and their tasks.
"""

from __future__ import annotations

import re
import socket
import ssl
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, quote, urlencode, urlsplit, urlunsplit

from longwatch.execution.contract import BrokerRefuses, BrokerUnreachable

TASK: Final = "longwatch.attempt"
"""The one task there is; its arguments are those of a `Hint`."""
CONNECT_S: Final = 3.0
SILENT_S: Final = 15
"""A broker of which nothing comes for so long is away."""
VISIBILITY: Final = "visibility_timeout"
_PARAMETERS: Final = (VISIBILITY, "ssl_ca_certs", "ssl_cert_reqs", "ssl_certfile", "ssl_keyfile")
_SCHEMES: Final = ("redis", "rediss", "valkey", "valkeys", "amqp", "amqps")


class InvalidBroker(ValueError):
    """This is not the address of a broker."""


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker. `url` is without a password."""

    url: str
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str, password: str | None = None) -> Broker:
        """Read what a person typed; a password in the URL counts if there is no other. Raises
        `InvalidBroker`."""
        parts = urlsplit(url.strip())
        try:
            port = parts.port
        except ValueError as error:
            raise InvalidBroker(f"The broker's address is none: {error}.") from None
        if parts.scheme not in _SCHEMES or not parts.hostname:
            raise InvalidBroker(
                "A broker is reached at an address such as redis://localhost:6379/0; the scheme is "
                f"one of {', '.join(_SCHEMES)}."
            )
        known = ", ".join(_PARAMETERS)
        for name, value in parse_qsl(parts.query, keep_blank_values=True):
            if name not in _PARAMETERS:
                raise InvalidBroker(f"A broker's address has no {name!r}; it may have {known}.")
            if name == VISIBILITY and not (value.isdecimal() and int(value)):
                raise InvalidBroker(f"{VISIBILITY} is a whole number of seconds, not {value!r}.")
        checks = parse_qs(parts.query).get("ssl_cert_reqs", ["required"])
        if any(one.lower() not in {"required", "cert_required"} for one in checks):
            raise InvalidBroker(
                "Without ssl_cert_reqs=required anybody could be the broker, and hear its password."
                " Name the file of who signed its certificate instead: ?ssl_ca_certs=/path/ca.pem."
            )
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        place = host if port is None else f"{host}:{port}"
        user = f"{parts.username}@" if parts.username else ""
        scheme = parts.scheme.replace("valkey", "redis")
        plain = urlunsplit((scheme, user + place, parts.path, parts.query, ""))
        return cls(plain, password if password is not None else parts.password)

    def full_url(self) -> str:
        """With its password; for nobody's eyes."""
        parts = urlsplit(self.url)
        if self.password is None:
            return self.url
        user, _, place = parts.netloc.rpartition("@")
        secret = f"{user}:{quote(self.password, safe='')}@{place}"
        return urlunsplit(parts._replace(netloc=secret))


def reason(broker: Broker, error: BaseException) -> BrokerUnreachable:
    """What is wrong with a broker, as a clause that says what to do."""
    chain = [*_chain(error)]
    at = f"the broker at {broker.url}"
    for one in chain:
        if isinstance(one, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY" in str(one):
            return BrokerRefuses(
                f"{at} shows a certificate that is not trusted here ({_verdict(one)}); if that is "
                "its own, name the file of who signed it behind its address: "
                "?ssl_ca_certs=/path/ca.pem"
            )
    if {type(one).__name__ for one in chain} & _NOT_LET_IN:
        if broker.password is None:
            return BrokerRefuses(f"{at} wants a password; put it into broker_password_file")
        return BrokerRefuses(f"{at} does not take its password; look into broker_password_file")
    return BrokerUnreachable(f"{at} cannot be used ({error})")


_NOT_LET_IN: Final = frozenset({"AuthenticationError", "NoPermissionError", "AccessRefused"})
"""Names, since each transport has classes of its own, and only one need be installed."""


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _verdict(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    found = re.search(r"certificate verify failed: (.*?) ?\(_ssl", str(error))
    return found[1].rstrip(".") if found else "it cannot be verified"


def celery_app(broker: Broker) -> Any:
    """A Celery application over a broker, which knows no task yet."""
    from celery import Celery  # type: ignore[import-untyped]  # noqa: PLC0415 - 0.3 s

    is_redis = broker.url.startswith("redis")
    url, visible_s = _without_visibility(broker.full_url())
    app = Celery("longwatch", broker=url, set_as_current=False, fixups=[])
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        result_backend=None,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        # Acknowledged at once. In the end, over a connection that has broken meanwhile, Celery
        # cannot, and takes nothing more for good; and what a broker gives to another after its
        # timeout is of no use here: the server sends hints anew.
        task_acks_late=False,
        worker_prefetch_multiplier=0 if is_redis else 1,
        worker_disable_prefetch=is_redis,
        broker_connection_retry_on_startup=True,
        # RabbitMQ closes the channel of a worker that keeps a hint for half an hour, which is as
        # long as its query takes: the worker would end.
        broker_channel_error_retry=not is_redis,
        broker_connection_max_retries=None,
        broker_connection_timeout=CONNECT_S,
        broker_transport_options=_redis_options() if is_redis else {},
    )
    if visible_s is not None:
        app.conf.broker_transport_options |= {VISIBILITY: visible_s}
    if broker.url.startswith("rediss:") and "ssl_cert_reqs" not in broker.url:
        app.conf.broker_use_ssl = {"ssl_cert_reqs": ssl.CERT_REQUIRED}
    return app


def _without_visibility(url: str) -> tuple[str, int | None]:
    """The URL without what Celery takes elsewhere, and that."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    visible_s = query.pop(VISIBILITY, None)
    plain = urlunsplit(parts._replace(query=urlencode(query, safe="/")))
    return plain, None if visible_s is None else int(visible_s)


def _redis_options() -> dict[str, Any]:
    # A worker asks each second for hints. What is not received within so long ends the connection:
    # the system would try for a quarter of an hour, and at last once in two minutes.
    wanted = {
        "TCP_KEEPIDLE": SILENT_S,
        "TCP_KEEPINTVL": SILENT_S // 3,
        "TCP_KEEPCNT": 3,
        "TCP_USER_TIMEOUT": SILENT_S * 1000,
    }
    found = {getattr(socket, name): to for name, to in wanted.items() if hasattr(socket, name)}
    return {
        "socket_connect_timeout": CONNECT_S,
        "socket_keepalive": True,
        "socket_keepalive_options": found,
    }


def new_task_id() -> str:
    """The id of a hint's Celery task."""
    return str(uuid.uuid4())
