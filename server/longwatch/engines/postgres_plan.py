"""What PostgreSQL's plans tell: what a statement does, and what the server expects to spend."""

from __future__ import annotations

import json
from typing import Any, Final

from longwatch.protocol.attempts import MOST_S, Stage

COST_S: Final = 1e-5
"""Seconds for one of what the planner counts in, a page read in order: 16 µs of TPC-H at scale 1,
of 33 queries half within 10 and 26 µs."""
_WRITES: Final = frozenset({"ModifyTable", "LockRows"})


def stages_of(plan: str) -> list[Stage]:
    """The whole statement as one stage: the server's fraction is not to be had. None of what a rule
    makes nothing of. `plan` is what EXPLAIN (FORMAT json) told."""
    cost = sum(float(one.get("Plan", {}).get("Total Cost", 0.0)) for one in json.loads(plan))
    return [Stage(0.0, round(min(COST_S * cost, MOST_S), 6))] if cost > 0 else []


def writes(plan: str) -> bool:
    """Whether a statement of that plan changes rows, or locks them."""
    return bool(_node_types(json.loads(plan)) & _WRITES)


def _node_types(plan: Any) -> set[str]:
    if isinstance(plan, list):
        return set().union(*map(_node_types, plan))
    if not isinstance(plan, dict):
        return set()
    own = {str(plan["Node Type"])} if "Node Type" in plan else set()
    return own.union(*map(_node_types, plan.values()))
