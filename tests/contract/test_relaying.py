"""Handing calls on to the server that leads: over TLS of its own, and when it cannot be asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest

from longwatch.client.address import Address
from longwatch.jobs.errors import LeaderAway, TokenOfOneServer
from longwatch.protocol import routes
from longwatch.protocol.people import Me
from longwatch.protocol.problems import Problem
from longwatch.service.relaying import Relay, Relayed
from longwatch.store.postgres.leading import Place
from support.servers import serving


@pytest.fixture(scope="module")
def leader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """A server with a certificate that nobody signed."""
    with serving(tmp_path_factory.mktemp("leader"), tls_self_signed=True) as (_, address):
        yield address


class Team:
    """Whom the store says to lead."""

    def __init__(self, leader: Address) -> None:
        self.says: tuple[bool, Place] | None = (False, Place(leader.url, leader.certificate))

    async def leader(self) -> tuple[bool, Place] | None:
        return self.says

    async def moved(self) -> None:
        """Nobody needs to know."""


@pytest.fixture
def team(leader: Address) -> Team:
    return Team(leader)


@pytest.fixture
async def relay(team: Team) -> AsyncIterator[Relay]:
    made = Relay(team.leader, team.moved)
    yield made
    await made.close()


async def asked(relay: Relay, token: str, path: str = routes.ME, **headers: str) -> Relayed:
    given = {"Authorization": f"Bearer {token}", **headers}
    return await relay.ask("GET", path, given, b"", answers_within_s=10)


async def test_what_the_leader_says_comes_back(relay: Relay, leader: Address) -> None:
    answer = await asked(relay, leader.token)
    assert answer.status == 200
    assert msgspec.json.decode(answer.body, type=Me).role == "admin"
    refused = await asked(relay, leader.token, "/v1/jobs/nobody?x=%2F")
    assert (refused.status, refused.headers["Content-Type"]) == (404, "application/problem+json")
    assert msgspec.json.decode(refused.body, type=Problem).code == "unknown_job"


async def test_a_token_that_the_leader_does_not_know(relay: Relay) -> None:
    with pytest.raises(TokenOfOneServer, match="opens this server only"):
        await asked(relay, "another-servers-own")


async def test_another_certificate_is_not_the_leader(
    relay: Relay, team: Team, leader: Address
) -> None:
    assert (await asked(relay, leader.token)).status == 200
    team.says = (False, Place(leader.url))  # signed by nobody whom this machine trusts
    with pytest.raises(LeaderAway, match=r"does not answer.*certificate"):
        await asked(relay, leader.token)


async def test_nobody_to_ask(relay: Relay, team: Team, leader: Address) -> None:
    with pytest.raises(LeaderAway, match="which it is not"):  # two that point at each other
        await asked(relay, leader.token, **{routes.RELAYED_HEADER: "1"})
    for says, why in (
        (None, "none leads"),
        ((True, Place(leader.url)), "none leads"),
        ((False, Place("")), "set its team_url"),
        ((False, Place("https://x", "no certificate")), "is none"),
        ((False, Place("http://127.0.0.1:9")), "does not answer"),
    ):
        team.says = says
        with pytest.raises(LeaderAway, match=why):
            await asked(relay, leader.token)
