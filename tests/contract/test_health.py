"""`/v1/health`: what a load balancer is told."""

from __future__ import annotations

import httpx

from longwatch.protocol import routes
from support.servers import Backend

ON_BOTH_STORES = "slow"


async def test_not_ready_once_it_stops_or_its_store_does(
    behind: Backend, http: httpx.AsyncClient
) -> None:
    assert (await http.get(routes.HEALTH_READY)).json()["status"] == "ready"
    await behind.parts.shutdown.wind_down()
    answer = await http.get(routes.HEALTH_READY)
    assert (answer.status_code, answer.json()["code"]) == (503, "stopping")
    assert (await http.get(routes.HEALTH_LIVE)).status_code == 200


async def test_not_ready_without_a_store(behind: Backend, http: httpx.AsyncClient) -> None:
    await behind.store.close()
    assert (await http.get(routes.HEALTH_READY)).status_code == 503
