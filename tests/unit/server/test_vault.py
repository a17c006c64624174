"""Secrets at rest."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from longwatch.jobs.errors import SecretsUnreadable
from longwatch.sources.vault import Vault


def test_what_is_sealed_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    sealed = Vault(path).seal({"password": "geheim"})
    assert b"geheim" not in sealed
    assert Vault(path).unseal(sealed) == {"password": "geheim"}


def test_threads_that_seal_at_the_first_moment_share_one_key(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "secret.key")
    with ThreadPoolExecutor(16) as pool:
        sealed = list(pool.map(lambda n: vault.seal({"n": str(n)}), range(64)))
    again = Vault(tmp_path / "secret.key")
    assert [again.unseal(one)["n"] for one in sealed] == [str(n) for n in range(64)]


@pytest.mark.parametrize(
    ("key", "says"),
    [(None, "is missing"), (b"", "is no key"), (b"x" * 44, "is no key"), (b"A" * 43 + b"=", "fit")],
)
def test_a_key_that_is_not_its_own(tmp_path: Path, key: bytes | None, says: str) -> None:
    path = tmp_path / "secret.key"
    sealed = Vault(path).seal({"password": "geheim"})
    path.unlink()
    if key is not None:
        path.write_bytes(key)
    with pytest.raises(SecretsUnreadable, match=says):
        Vault(path).unseal(sealed)
