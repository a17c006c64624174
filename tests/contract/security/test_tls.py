"""TLS of a server's own: the certificate, its key, and who may be reached without."""

from __future__ import annotations

import os
import socket
import ssl
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from longwatch.client.address import Address
from longwatch.client.discovery import find_local
from longwatch.client.errors import ServerUnreachable
from longwatch.client.sync import Client
from longwatch.host import Insecure, ServerThread
from longwatch.protocol.people import Role
from longwatch.security import certificates
from longwatch.security.certificates import CertificateUnusable, given, self_signed
from longwatch.security.keeping import Keeper
from support.servers import serving
from support.tls import make_certificate
from support.waiting import eventually


def shown(address: Address) -> str:
    parts = urlsplit(address.url)
    return ssl.get_server_certificate((parts.hostname or "", parts.port or 0))


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, ServerThread, Address]]:
    data_dir = tmp_path_factory.mktemp("data") / "data"
    with serving(data_dir, tls_self_signed=True) as (thread, address):
        yield data_dir, thread, address


def test_a_certificate_of_its_own(own: tuple[Path, ServerThread, Address]) -> None:
    data_dir, thread, address = own
    assert address.url.startswith("https://")
    assert thread.certificate is not None
    assert shown(address) == address.certificate == thread.certificate.pem
    assert find_local(data_dir) == address, "whoever is on this machine pins it without being told"
    with Client(address) as client:
        assert client.submit("select 7").result(60).fetchall() == [(7,)]


def test_no_old_tls(own: tuple[Path, ServerThread, Address]) -> None:
    parts = urlsplit(own[2].url)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    place = (parts.hostname or "", parts.port or 0)
    with socket.create_connection(place, 10) as sock, pytest.raises(OSError, match=r"(?i)protocol"):
        context.wrap_socket(sock)


def test_another_certificate_than_the_pinned_one_is_refused(
    own: tuple[Path, ServerThread, Address], tmp_path: Path
) -> None:
    pem = make_certificate(tmp_path, "other").read_text()
    other = pem[pem.index("-----BEGIN CERTIFICATE") :]
    for certificate in (other, ""):
        with (
            Client(Address(own[2].url, own[2].token, certificate)) as client,
            pytest.raises(ServerUnreachable, match="CERTIFICATE_VERIFY_FAILED"),
        ):
            client.me()


def test_the_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        made = self_signed(tmp_path, ["localhost"])
        assert stat.S_IMODE(made.key.stat().st_mode) == 0o600
        made.key.chmod(0o644)
        assert self_signed(tmp_path, ["localhost"]) == made, "it is kept"
        assert stat.S_IMODE(made.key.stat().st_mode) == 0o600
    finally:
        os.umask(before)


def test_no_link_is_followed(tmp_path: Path) -> None:
    """Invariant: whoever puts a link into the folder neither reads the key nor has a file of
    theirs overwritten."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    for name in (certificates.KEY_FILE, certificates.CERTIFICATE_FILE):
        (data_dir / f"{name}.new").symlink_to(victim)
        (data_dir / name).symlink_to(tmp_path / "nowhere")
    made = self_signed(data_dir, ["localhost"])
    assert not made.key.is_symlink()
    assert victim.read_text() == "precious"
    assert not (tmp_path / "nowhere").exists()
    made.key.unlink()
    made.key.symlink_to(victim)
    with pytest.raises(CertificateUnusable, match="is a link"):
        self_signed(data_dir, ["localhost"])


def test_it_is_renewed_before_it_expires(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(certificates, "GOOD_FOR", certificates.RENEWED_BEFORE / 2)
        old = self_signed(tmp_path, ["localhost"])
    assert self_signed(tmp_path, ["localhost"]).fingerprint != old.fingerprint
    keeper = Keeper(old, ["localhost"], own=True)
    new = keeper.look()
    assert new is not None
    assert keeper.warning is None
    assert keeper.look() is None


def test_one_that_is_given_is_watched(tmp_path: Path) -> None:
    file = make_certificate(tmp_path, "given", days=2)
    keeper = Keeper(given(file, None), [], own=False)
    assert keeper.look() is None
    assert "expires on" in (keeper.warning or "")
    make_certificate(tmp_path, "given", days=90)
    os.utime(file, ns=(1, 1))
    assert keeper.look() is not None
    assert keeper.warning is None


async def test_a_renewed_one_is_shown_without_a_restart(tmp_path: Path) -> None:
    file = make_certificate(tmp_path, "given", days=90)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("longwatch.host.LOOK_AT_CERTIFICATE_S", 0.05)
        with serving(tmp_path / "data", tls_certificate=file) as (_, address):
            before = address.certificate
            make_certificate(tmp_path, "given", days=91)
            await eventually(lambda: shown(address) != before)
            found = await eventually(
                lambda: (
                    one
                    if (one := find_local(tmp_path / "data")) and one.certificate != before
                    else None
                )
            )
            with Client(found) as client:
                assert client.me().role is Role.ADMIN


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda folder: make_certificate(folder, "old", days=-1), "has expired"),
        (lambda folder: folder / "none.pem", "cannot be read"),
    ],
)
def test_a_certificate_that_is_of_no_use(
    tmp_path: Path, make: Callable[[Path], Path], says: str
) -> None:
    with pytest.raises(Insecure, match=says):
        ServerThread(tmp_path / "data", port=0, tls_certificate=make(tmp_path)).start()


def test_it_is_open_to_others_only_with_tls_and_tokens(tmp_path: Path) -> None:
    """Invariant: no server listens where others reach it without TLS, or with nobody to let in."""
    open_to_all: dict[str, Any] = {"host": "0.0.0.0", "port": 0, "warm_spare": False}
    with pytest.raises(Insecure, match="--tls-self-signed"):
        ServerThread(tmp_path / "data", **open_to_all).start()
    with pytest.raises(Insecure, match="token create"):
        ServerThread(tmp_path / "data", tls_self_signed=True, **open_to_all).start()
    with serving(tmp_path / "data", warm_spare=False) as (_, address), Client(address) as client:
        made = client.create_token("ann", Role.ANALYST)
    with serving(tmp_path / "data", tls_self_signed=True, **open_to_all) as (_, address):
        mine = Address(address.url, made.secret, address.certificate)
        with Client(mine) as client:
            assert client.me().name == "ann"
    with serving(tmp_path / "data", behind_proxy=True, **open_to_all) as (_, address):
        assert address.url.startswith("http://")
