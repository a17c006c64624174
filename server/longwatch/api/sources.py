"""`/v1/sources`, `/v1/engines`, `/v1/estimates` and `/v1/saved-queries`."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Body, Depends, Path, Response

from longwatch.api.bodies import JsonRoute
from longwatch.api.dependencies import (
    AuditDep,
    PrincipalDep,
    SavingDep,
    SourcesDep,
    SourcingDep,
)
from longwatch.api.problems import ApiError
from longwatch.api.rights import AUTHENTICATED
from longwatch.jobs.errors import UnknownSource
from longwatch.protocol import routes
from longwatch.protocol.catalogue import Catalogue, Estimate
from longwatch.protocol.sources import (
    EngineList,
    EstimateRequest,
    SavedQuery,
    SavedQueryDraft,
    SavedQueryList,
    Source,
    SourceDraft,
    SourceList,
    SourceTest,
)
from longwatch.sources.engines import engine_infos

router: Final = APIRouter(dependencies=AUTHENTICATED, route_class=JsonRoute, tags=["sources"])
QueryName = Annotated[str, Path(max_length=100)]


async def known_source(name: Annotated[str, Path(max_length=100)], catalogue: SourcesDep) -> str:
    """The name in the address; 404 for one of no source."""
    try:
        catalogue.get(name)
    except UnknownSource as error:
        raise ApiError(404, "unknown_source", str(error)) from None
    return name


Name = Annotated[str, Depends(known_source)]


@router.get(routes.ENGINES, operation_id="list_engines")
async def list_engines() -> EngineList:
    """Every engine this server has, and what a source of it needs to know."""
    return EngineList(engines=engine_infos())


@router.get(routes.SOURCES, operation_id="list_sources")
async def list_sources(catalogue: SourcesDep) -> SourceList:
    """Every source, the default first."""
    return SourceList(sources=catalogue.all())


@router.post(routes.SOURCES, status_code=201, operation_id="add_source")
async def add_source(
    draft: Annotated[SourceDraft, Body()],
    sourcing: SourcingDep,
    who: PrincipalDep,
    audit: AuditDep,
    response: Response,
) -> Source:
    """Add a source. Its secrets are kept encrypted and never given back; one may also be named as
    an environment variable of the server (`{"env": "PGPASSWORD"}`), and is then not kept at all."""
    source = await sourcing.add(draft)
    await audit.note(who, "source.add", source.name, detail=source.engine)
    response.headers["Location"] = routes.SOURCE.format(name=quote(source.name, safe=""))
    return source


@router.post(routes.SOURCES_TEST, operation_id="try_source")
async def try_source(draft: Annotated[SourceDraft, Body()], sourcing: SourcingDep) -> SourceTest:
    """Open a source as it would be, before it is added or changed."""
    return await sourcing.try_out(draft)


@router.get(routes.SOURCE, operation_id="get_source")
async def get_source(name: Name, catalogue: SourcesDep) -> Source:
    """One source."""
    return catalogue.told(catalogue.get(name))


@router.put(routes.SOURCE, operation_id="change_source")
async def change_source(
    name: Name,
    draft: Annotated[SourceDraft, Body()],
    sourcing: SourcingDep,
    who: PrincipalDep,
    audit: AuditDep,
) -> Source:
    """Replace a source that was added. Secrets that are not mentioned stay as they are while the
    source goes to the same place; if it is to go elsewhere they are to be given again."""
    source = await sourcing.change(name, draft)
    renamed = "" if source.name == name else f"now {source.name}"
    await audit.note(who, "source.change", name, detail=renamed)
    return source


@router.delete(routes.SOURCE, status_code=204, operation_id="remove_source")
async def remove_source(
    name: Name, sourcing: SourcingDep, who: PrincipalDep, audit: AuditDep
) -> None:
    """Forget a source that was added, and what was uploaded for it. Its jobs and their results
    stay. 409 while jobs wait for it or run on it."""
    await sourcing.remove(name)
    await audit.note(who, "source.remove", name)


@router.post(routes.SOURCE_TEST, operation_id="test_source")
async def test_source(name: Name, sourcing: SourcingDep) -> SourceTest:
    """Open a source and look what there is."""
    return await sourcing.test(name)


@router.get(routes.SOURCE_CATALOGUE, operation_id="get_catalogue")
async def get_catalogue(name: Name, sourcing: SourcingDep) -> Catalogue:
    """The tables of a source with their columns. 502 when the source cannot be opened."""
    found = await sourcing.catalogue(name)
    if found.catalogue is None:
        error = found.error
        detail = "The source cannot be opened." if error is None else error.message
        hint = f" {error.hint}" if error is not None and error.hint else ""
        raise ApiError(502, "source_unavailable", detail + hint)
    return found.catalogue


@router.post(routes.ESTIMATES, operation_id="estimate")
async def estimate(
    request: Annotated[EstimateRequest, Body()], sourcing: SourcingDep, who: PrincipalDep
) -> Estimate:
    """What to expect of a query, from the engine's plan and from earlier runs of the same SQL;
    runs nothing. What is wrong with the query is part of the answer."""
    return await sourcing.estimate(request, only_of=who.only_of)


@router.get(routes.SAVED_QUERIES, operation_id="list_saved_queries")
async def list_saved_queries(saving: SavingDep) -> SavedQueryList:
    """Every saved query: those that were kept here by folder and title, then the program's own."""
    return SavedQueryList(queries=await saving.all())


@router.post(routes.SAVED_QUERIES, status_code=201, operation_id="save_query")
async def save_query(
    draft: Annotated[SavedQueryDraft, Body()],
    saving: SavingDep,
    who: PrincipalDep,
    response: Response,
) -> SavedQuery:
    """Keep a query."""
    query = await saving.add(draft, who.name)
    response.headers["Location"] = routes.SAVED_QUERY.format(name=query.name)
    return query


@router.put(routes.SAVED_QUERY, operation_id="change_saved_query")
async def change_saved_query(
    name: QueryName, draft: Annotated[SavedQueryDraft, Body()], saving: SavingDep, who: PrincipalDep
) -> SavedQuery:
    """Replace a saved query."""
    return await saving.change(name, draft, who.name)


@router.delete(routes.SAVED_QUERY, status_code=204, operation_id="remove_saved_query")
async def remove_saved_query(name: QueryName, saving: SavingDep) -> None:
    """Forget a saved query. What was run from it stays."""
    await saving.remove(name)
