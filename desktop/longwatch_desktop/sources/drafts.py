"""From what was filled in to what the server is asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

import msgspec

from longwatch.protocol.sources import SecretReference, SourceDraft
from longwatch_desktop.translation import tr

Secret = str | SecretReference | None
"""A secret as it is, as a variable of the server's environment, or `None` to take it away."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,99}")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_OPTION: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,99}")
SECRET_WORDS: Final = ("password", "secret", "token", "key", "url", "uri")
"""Ends of the names of options that the server takes for secrets."""


class DraftError(Exception):
    """Something cannot be sent as it is. `where` is what the server would point to."""

    def __init__(self, sentence: str, where: str) -> None:
        super().__init__(sentence)
        self.where = where


@dataclass(frozen=True, slots=True)
class Entered:
    """A source as it was filled in. Secrets that are not among `secrets` stay as they are."""

    engine: str
    name: str
    title: str
    description: str = ""
    options: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, Secret] = field(default_factory=dict)
    max_running: int | None = None
    queue: str | None = None


def draft_of(entered: Entered) -> SourceDraft:
    """What to send. Raises `DraftError`."""
    name = entered.name.strip()
    if not _NAME.fullmatch(name):
        raise DraftError(
            tr(
                "A name begins with a letter or digit, and has letters, digits, dots, hyphens and "
                "underscores."
            ),
            "/name",
        )
    for option in (*entered.options, *entered.secrets):
        if not _OPTION.fullmatch(option):
            raise DraftError(
                tr("'{name}' cannot be the name of an option.").format(name=option), "/options"
            )
    for option, given in entered.secrets.items():
        if isinstance(given, SecretReference) and not _VARIABLE.fullmatch(given.env):
            raise DraftError(
                tr("Name an environment variable of the server, such as PGPASSWORD."),
                f"/secrets/{option}",
            )
    if entered.queue is not None and not _NAME.fullmatch(entered.queue):
        raise DraftError(
            tr(
                "The name of a queue begins with a letter or digit, and has letters, digits, dots, "
                "hyphens and underscores."
            ),
            "/queue",
        )
    draft = SourceDraft(
        name=name,
        engine=entered.engine,
        title=entered.title.strip(),
        description=entered.description.strip(),
        options={key: value.strip() for key, value in entered.options.items() if value.strip()},
        secrets=entered.secrets,
        max_running=entered.max_running,
        queue=entered.queue,
    )
    try:
        return msgspec.convert(msgspec.to_builtins(draft), SourceDraft)
    except msgspec.ValidationError as error:
        said, _, path = str(error).partition(" - at `$.")
        where = "/" + path.rstrip("`").partition("[")[0].replace(".", "/")
        raise DraftError(
            tr("This cannot be saved: {reason}.").format(reason=said), where
        ) from error
