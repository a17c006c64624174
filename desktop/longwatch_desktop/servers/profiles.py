"""The servers that somebody works with, and their tokens: in the system's keyring where there is
one, else in a file of mode 0600.

Everything here waits on the disk or on the keyring: call it in a worker thread.
"""

from __future__ import annotations

import contextlib
import enum
import secrets
from pathlib import Path
from typing import Final

import msgspec

from longwatch.client.address import Address
from longwatch.protocol.wire import UNREADABLE
from longwatch_desktop.saving import write_whole
from longwatch_desktop.translation import tr

SERVICE: Final = "longwatch"
FILE: Final = "servers.json"


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A server: `name` is for people, `id` for the keyring and the settings. `certificate` (PEM)
    is the one that it was trusted with, if it is none that this machine trusts."""

    id: str = msgspec.field(default_factory=lambda: secrets.token_hex(8))
    name: str
    url: str
    certificate: str = ""


class Place(enum.StrEnum):
    """Where a token is kept."""

    KEYRING = "keyring"
    FILE = "file"


class _Kept(msgspec.Struct, kw_only=True):
    profiles: list[Profile] = []
    tokens: dict[str, str] = {}
    """Of profiles without a keyring."""


class ProfilesUnreadable(Exception):
    """The file of the servers cannot be used; the text says why and what to do."""


class ProfileStore:
    """Profiles and tokens in one folder, and in the keyring of whoever is logged in."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def all(self) -> list[Profile]:
        """Every profile, in the order they were added. Raises `ProfilesUnreadable`."""
        return self._read().profiles

    def token(self, profile: Profile) -> str:
        """The token of a profile; empty when nobody kept it. Raises `ProfilesUnreadable`."""
        kept = self._read().tokens.get(profile.id)
        return kept if kept is not None else _from_keyring(profile.id)

    def address(self, profile: Profile) -> Address:
        """Where a profile leads. Raises `ProfilesUnreadable` and `InvalidAddress`."""
        return Address.parse(profile.url, self.token(profile), profile.certificate)

    def keep(self, profile: Profile, token: str) -> Place:
        """Add a profile, or replace the one of this id; says where its token is now. Raises
        `ProfilesUnreadable` and `OSError`."""
        kept = self._read()
        places = [place for place, one in enumerate(kept.profiles) if one.id == profile.id]
        if places:
            kept.profiles[places[0]] = profile
        else:
            kept.profiles.append(profile)
        kept.tokens.pop(profile.id, None)
        place = Place.KEYRING if _into_keyring(profile.id, token) else Place.FILE
        if place is Place.FILE:
            kept.tokens[profile.id] = token
        self._write(kept)
        return place

    def remove(self, profile: Profile) -> None:
        """Forget a profile and its token. Raises `ProfilesUnreadable` and `OSError`."""
        kept = self._read()
        kept.profiles = [one for one in kept.profiles if one.id != profile.id]
        if kept.tokens.pop(profile.id, None) is None:
            _out_of_keyring(profile.id)
        self._write(kept)

    def _read(self) -> _Kept:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_Kept)
        except FileNotFoundError:
            return _Kept()
        except (OSError, *UNREADABLE) as error:
            text = tr(
                "The list of servers in {path} cannot be read: {error}. Mend the file, or move it "
                "away and add the servers again."
            )
            raise ProfilesUnreadable(text.format(path=self._path, error=error)) from error

    def _write(self, kept: _Kept) -> None:
        data = msgspec.json.format(msgspec.json.encode(kept)) + b"\n"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self._path, data, private=True)


def _into_keyring(profile_id: str, token: str) -> bool:
    """False where there is no keyring, or none that is open."""
    import keyring  # noqa: PLC0415 - 0.1 s, in the worker thread
    from keyring.errors import KeyringError  # noqa: PLC0415

    try:
        keyring.set_password(SERVICE, profile_id, token)
        return keyring.get_password(SERVICE, profile_id) == token
    except (KeyringError, RuntimeError, OSError):
        return False


def _from_keyring(profile_id: str) -> str:
    import keyring  # noqa: PLC0415
    from keyring.errors import KeyringError  # noqa: PLC0415

    try:
        return keyring.get_password(SERVICE, profile_id) or ""
    except (KeyringError, RuntimeError, OSError):
        return ""


def _out_of_keyring(profile_id: str) -> None:
    import keyring  # noqa: PLC0415
    from keyring.errors import KeyringError  # noqa: PLC0415

    with contextlib.suppress(KeyringError, RuntimeError, OSError):
        keyring.delete_password(SERVICE, profile_id)
