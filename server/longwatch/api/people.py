"""`/v1/tokens`, `/v1/me` and `/v1/audit`: who may do what, and who did what."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Body, Query, Response

from longwatch.api import cursors
from longwatch.api.bodies import JsonRoute
from longwatch.api.dependencies import PartsDep, PrincipalDep
from longwatch.api.rights import AUTHENTICATED
from longwatch.protocol import routes
from longwatch.protocol.people import AuditPage, Me, NewToken, Token, TokenDraft, TokenList

router: Final = APIRouter(dependencies=AUTHENTICATED, route_class=JsonRoute, tags=["people"])


@router.post(routes.TOKENS, status_code=201, operation_id="create_token")
async def create_token(
    draft: Annotated[TokenDraft, Body()], server: PartsDep, who: PrincipalDep, response: Response
) -> NewToken:
    """Make a token for somebody. Its `secret` is in this answer and nowhere else."""
    response.headers["Cache-Control"] = "no-store"
    return await server.people.create(draft, who)


@router.get(routes.TOKENS, operation_id="list_tokens")
async def list_tokens(server: PartsDep) -> TokenList:
    """Every token there is or was, the newest first."""
    return TokenList(tokens=await server.people.all())


@router.delete(routes.TOKEN, operation_id="revoke_token")
async def revoke_token(token_id: str, server: PartsDep, who: PrincipalDep) -> Token:
    """Let a token in no more. Its open feeds and running downloads end at once."""
    return await server.people.revoke(token_id, who)


@router.get(routes.ME, operation_id="get_me")
async def me(server: PartsDep, who: PrincipalDep) -> Me:
    """Who asks, and what it may do."""
    return Me(
        name=who.name,
        role=who.role,
        jobs_visible_to=server.visibility,
        token_id=who.token_id or None,
        expires_at=server.tokens.expires_at(who),
    )


@router.get(routes.AUDIT, operation_id="get_audit")
async def audit(
    server: PartsDep,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
    limit: Annotated[int, Query(ge=1, le=routes.MAX_LIST_PAGE)] = 100,
) -> AuditPage:
    """What people did to tokens, sources, backups, settings, remembered runs and the jobs of
    others, the newest first."""
    lines, next_id = await server.audit.page(before_id=cursors.decode(cursor), limit=limit)
    return AuditPage(lines=lines, next=cursors.encode(next_id))
