"""The places that may be told, by name, and the way there: Apprise, which knows webhooks, mail and
a hundred services."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Final

from longwatch.notify.message import Message
from longwatch.protocol.jobs import JobState

if TYPE_CHECKING:
    import apprise

_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_KINDS: Final = {
    JobState.SUCCEEDED: "success",
    JobState.FAILED: "failure",
    JobState.CANCELLED: "info",
    JobState.LOST: "warning",
}


class TargetsUnusable(ValueError):
    """The setting `notify_targets` cannot be used; says why, without any address in it: they hold
    passwords."""


class Targets:
    """Sends to addresses that nobody but the settings names. Blocks: for threads."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        self._addresses = addresses
        self._services: dict[str, apprise.NotifyBase] = {}

    @property
    def names(self) -> Collection[str]:
        """Those there are."""
        return self._addresses.keys()

    def open(self) -> None:
        """Read the addresses; 0.5 s for Apprise's import. Raises `TargetsUnusable`."""
        try:
            import apprise  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise TargetsUnusable(
                "notify_targets is set, and what sends is not installed: pip install "
                "'longwatch[notify]'."
            ) from error
        look = apprise.AppriseAsset(app_id="Longwatch", app_desc="Longwatch", app_url="")
        for name, address in self._addresses.items():
            if _NAME.fullmatch(name) is None:
                raise TargetsUnusable(
                    f"notify_targets: {name!r} is no name; use letters, digits, hyphens, dots and "
                    "underscores."
                )
            service = apprise.Apprise.instantiate(address, asset=look)
            if not isinstance(service, apprise.NotifyBase):
                raise TargetsUnusable(
                    f"notify_targets: the address of {name!r} is none that Apprise knows, such as "
                    "json://host/path or mailto://user:password@host."
                )
            self._services[name] = service

    def send(self, name: str, message: Message) -> bool:
        """Whether the other side has taken it. Never raises."""
        try:
            return bool(
                self._services[name].notify(
                    title=message.title, body=message.body, notify_type=_KINDS[message.state]
                )
            )
        except Exception:  # whatever a service's own code raises, with an address in it as like
            return False
