"""Keeps the secrets of sources: encrypted in the store, with a key that lies beside it in a file of
mode 0600. Whoever has the store alone, a backup above all, has no secret."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from longwatch.durable import replace
from longwatch.jobs.errors import SecretsUnreadable

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

KEY_FILE: Final = "secret.key"


class Vault:
    """Encrypts (Fernet: AES-128-CBC with HMAC-SHA256) and decrypts. The key is made when the first
    secret is kept."""

    def __init__(self, path: Path) -> None:
        """`path` of the key's file."""
        self._path = path
        self._lock = threading.Lock()
        self._fernet: Fernet | None = None

    def seal(self, secrets: dict[str, str]) -> bytes:
        """Encrypt. Raises `OSError` when the key cannot be written, `SecretsUnreadable`."""
        return self._cipher(make=True).encrypt(msgspec.json.encode(secrets))

    def unseal(self, sealed: bytes) -> dict[str, str]:
        """Decrypt. Raises `SecretsUnreadable` without the key, or with another one."""
        from cryptography.fernet import InvalidToken  # noqa: PLC0415 - 60 ms, and few have secrets

        try:
            data = self._cipher(make=False).decrypt(sealed)
        except InvalidToken:
            raise SecretsUnreadable(self._path, "does not fit") from None
        return msgspec.json.decode(data, type=dict[str, str])

    def _cipher(self, *, make: bool) -> Fernet:
        with self._lock:  # two threads that each made a key would lose what one of them sealed
            return self._opened(make=make)

    def _opened(self, *, make: bool) -> Fernet:
        if self._fernet is None:
            from cryptography.fernet import Fernet  # noqa: PLC0415 - as above

            try:
                key = self._path.read_bytes().strip()
            except FileNotFoundError:
                if not make:
                    raise SecretsUnreadable(self._path, "is missing") from None
                key = Fernet.generate_key()
                # On the disk before anything is encrypted with it.
                replace(self._path, key + b"\n", durable=True, mode=0o600)
            except OSError as error:
                raise SecretsUnreadable(self._path, f"cannot be read: {error.strerror}") from error
            try:
                self._fernet = Fernet(key)
            except ValueError:
                raise SecretsUnreadable(self._path, "is no key") from None
        return self._fernet
