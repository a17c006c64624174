"""What DuckDB's plan lets expect of a run: its stages, in the order in which they are carried out.

DuckDB cuts a plan into pipelines, each from a source (a scan, or what an earlier pipeline has
gathered) through joins to whatever gathers its rows, and its percentage is the rows that sources
have given, of those that it expected of them all. Which share of it a pipeline makes up follows
from the plan, then; what the pipeline costs, from what its operators do to each row.

Costs are nanoseconds of processor time, from EXPLAIN ANALYZE of the TPC-H queries that progress is
tuned on (one thread of a machine of 2025, DuckDB 2.0). Other machines are faster or slower at all
of them alike, which a run shows soon.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from longwatch.protocol.attempts import Stage

ROW: Final = 6.0
"""A row of a table looked at."""
COLUMN: Final = 2.0
"""A value of it handed on, or computed."""
FILTER: Final = 1.0
"""A row held against a condition; `PATTERN` against one of LIKE: 50 to 90."""
PATTERN: Final = 80.0
PROBE: Final = 15.0
"""A row that looks for its partner in a join."""
BUILD: Final = 25.0
"""A row that waits for its partner to come; as much again to make a table of all of them."""
PAIR: Final = 1.0
"""Two rows held against each other in a nested loop."""
GROUP: Final = 60.0
"""A row put into its group (60 to 250), a group read out of the table."""
GROUPS: Final = 40.0
FOLD: Final = 5.0
"""A row added to a total, or to few groups (4 to 9), or held against the best ten."""
SORT: Final = 80.0
"""A row gathered for sorting, then sorted, then read in order."""
MERGE: Final = 80.0
SORTED: Final = 60.0
WINDOW: Final = 400.0
"""A row with what a window function says of it: 330 to 520."""
RESULT: Final = 150.0
"""A row of the result, written; or one put into a table or a file."""
OTHER: Final = 10.0

LEAST_KEPT: Final = 0.1
"""Of a table, the share that filters are taken to let through. DuckDB expects a five millionth of
`x % 3 = 0`; too much is the smaller mistake: it makes the first stage large, which is seen."""
LEAST_GROUPS: Final = 0.01
"""Of the rows that are grouped, how many groups there are at least."""
GUESSED: Final = 0.2
"""What DuckDB expects of a filter when it knows nothing."""
MOST_GROWTH: Final = 20.0
"""Times the rows that a join is taken to make of one."""
SMALL: Final = 0.004
"""Stages smaller than that, in work and in percentage, are told together."""

_FOLDS: Final = frozenset(
    {"PERFECT_HASH_GROUP_BY", "UNGROUPED_AGGREGATE", "SIMPLE_AGGREGATE", "TOP_N"}
)
_GATHERS: Final = _FOLDS | {"HASH_GROUP_BY", "ORDER_BY", "WINDOW"}
_LOOPS: Final = frozenset({"NESTED_LOOP_JOIN", "BLOCKWISE_NL_JOIN", "CROSS_PRODUCT"})
_SIEVES: Final = frozenset({"INNER", "SEMI", "RIGHT_SEMI"})
_WRITES: Final = ("INSERT", "CREATE", "COPY", "UPDATE", "DELETE")


class _Node(msgspec.Struct):
    """An operator as EXPLAIN (FORMAT json) tells it."""

    name: str
    children: list[_Node] = []
    extra_info: dict[str, Any] = {}

    @property
    def rows(self) -> float:
        """How many rows it is expected to give; 0 where nothing is told."""
        try:
            return float(str(self.extra_info.get("Estimated Cardinality", 0)).lstrip("~"))
        except ValueError:
            return 0.0

    @property
    def values(self) -> int:
        """How many columns it hands on."""
        told = self.extra_info.get("Projections", [])
        return len(told) if isinstance(told, list) else 1

    @property
    def is_join(self) -> bool:
        """Whether it gathers its second child's rows, and holds its first one's against them."""
        is_one = self.name in _LOOPS or self.name.endswith("JOIN")
        return is_one and len(self.children) == 2


@dataclass(slots=True)
class _Rows:
    """Rows on their way through a pipeline: what that takes (ns), and what comes of them."""

    count: float
    cost: float = 0.0
    after: float = 0.0
    halved: bool = False


@dataclass(slots=True)
class _Pipeline:
    """What rows of a source go through: operators from the source on, the last gathers them."""

    through: list[Callable[[_Rows], None]] = field(default_factory=list)
    sieve: float = 1.0

    def then(self, step: Callable[[_Rows], None], sieve: float = 1.0) -> _Pipeline:
        """The same with a step before the others, nearer to the source. `sieve`: which share of the
        rows that step lets pass, where the source can know beforehand."""
        return _Pipeline([step, *self.through], self.sieve * sieve)


def has_tables(plan: str) -> bool:
    """Whether a plan reads tables of a database, whose sizes say more than it does."""
    return '"Table"' in plan


def stages_of(plan: str, sizes: Mapping[str, int]) -> list[Stage]:
    """The stages of what EXPLAIN (FORMAT json) told. `sizes`: rows of tables by their full names.
    None of a plan that is told otherwise than was known when this was written."""
    try:
        roots = msgspec.json.decode(plan, type=list[_Node])
    except (msgspec.MsgspecError, RecursionError):
        return []
    planner = _Planner(sizes)
    for root in roots:
        planner.walk(root, _Pipeline([planner.give]))
    return planner.told()


class _Planner:
    """Walks a plan as DuckDB carries it out: what is gathered comes before what reads it."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self._sizes = sizes
        self._stages: list[list[float]] = []
        self._newest: list[float] = []
        self._largest = 0.0
        self._spilled: tuple[list[float], float] = ([], 0.0)
        self._gathered: dict[int, float] = {}
        self._shared: dict[str, tuple[float, list[float] | None]] = {}

    def told(self) -> list[Stage]:
        """All stages; the small ones with the next."""
        rows = sum(told for told, _ in self._stages) or 1.0
        work = sum(cost for _, cost in self._stages) or 1.0
        stages, held_rows, held_work = [], 0.0, 0.0
        for place, (told, cost) in enumerate(self._stages, start=1):
            spilled = self._spilled[1] if self._spilled[0] is self._stages[place - 1] else 0.0
            held_rows, held_work = held_rows + told, held_work + cost
            is_small = held_rows < SMALL * rows and held_work < SMALL * work and not spilled
            if is_small and place < len(self._stages):
                continue
            seconds = round(held_work / 1e9, 6), round(spilled / 1e9, 6)
            stages.append(Stage(round(held_rows / rows, 5), *seconds))
            held_rows = held_work = 0.0
        return stages

    def give(self, rows: _Rows) -> None:
        """Rows leave as the result."""
        rows.cost += RESULT * rows.count

    def walk(self, node: _Node, pipeline: _Pipeline) -> None:
        """Note the stages of a node, whose rows go through `pipeline`."""
        if not node.children:
            self._scan(node, pipeline)
        elif node.is_join:
            self._join(node, pipeline)
        elif node.name in _GATHERS:
            self.walk(node.children[0], _Pipeline([lambda rows: self._gather(node, rows)]))
            self._read(node, pipeline)
        elif node.name == "CTE" and len(node.children) == 2:
            self._share(node, pipeline)
        else:
            for child in node.children:
                self.walk(child, pipeline.then(lambda rows: self._pass(node, rows)))

    def _note(self, told: float, rows: _Rows, pipeline: _Pipeline) -> list[float]:
        """A pipeline whose source is expected to give `told` rows."""
        for step in pipeline.through:
            step(rows)
        told = max(told, 1.0)
        stage = [told / 2 if rows.halved else told, rows.cost]
        self._stages.append(stage)
        self._newest = stage
        if rows.after:
            self._stages.append([0.0, rows.after])
        if rows.halved:  # a sort: told as done when it is, all at once
            self._stages.append([told / 2, 0.0])
        return stage

    def _scan(self, node: _Node, pipeline: _Pipeline) -> None:
        info = node.extra_info
        shared = self._shared.get(str(info.get("CTE Index"))) if "CTE" in node.name else None
        if shared is not None:
            count, source = shared
            rows = _Rows(count)
            stage = self._note(node.rows, rows, pipeline)
            if source is not None:  # its rows come while their source is read
                source[1] += stage[1]
                stage[1] = 0.0
            return
        filters = str(info.get("Filters", ""))
        size = float(self._sizes.get(str(info.get("Table")).replace('"', ""), 0))
        if not size:
            size = node.rows / GUESSED if filters else node.rows
        kept = max(node.rows, LEAST_KEPT * size) if filters else node.rows or size
        kept *= pipeline.sieve
        rows = _Rows(kept)
        if "SCAN" in node.name or node.name.startswith("READ_"):
            rows.cost = ROW * size + COLUMN * kept * node.values + _filtering(filters, size)
        else:
            rows.cost = OTHER * size
        self._note(node.rows, rows, pipeline)

    def _read(self, node: _Node, pipeline: _Pipeline) -> None:
        """What a node has gathered is read."""
        count = self._gathered.get(id(node), node.rows)
        each = {"HASH_GROUP_BY": GROUPS, "ORDER_BY": SORTED, "WINDOW": WINDOW}
        rows = _Rows(count, cost=each.get(node.name, OTHER) * count)
        self._note(node.rows, rows, pipeline)

    def _gather(self, node: _Node, rows: _Rows) -> None:
        count = rows.count
        if node.name in _FOLDS:
            rows.cost += FOLD * count
            self._gathered[id(node)] = 1.0
        elif node.name == "HASH_GROUP_BY":
            rows.cost += GROUP * count
            self._gathered[id(node)] = min(count, max(node.rows, LEAST_GROUPS * count))
        elif node.name == "WINDOW":  # which sorts part by part when it is read
            rows.cost += SORT * count
            self._gathered[id(node)] = count
        else:
            rows.cost += SORT * count
            rows.after += MERGE * count
            rows.halved = True
            self._gathered[id(node)] = count

    def _join(self, node: _Node, pipeline: _Pipeline) -> None:
        probed, built = node.children
        hashed = node.name == "HASH_JOIN"
        waiting = [0.0]

        def build(rows: _Rows) -> None:
            rows.cost += BUILD * rows.count
            rows.after += BUILD * rows.count
            waiting[0] = rows.count

        def probe(rows: _Rows) -> None:
            rows.cost += (PAIR * waiting[0] if node.name in _LOOPS else PROBE) * rows.count
            rows.count *= min(max(growth / sieve, LEAST_KEPT**2), MOST_GROWTH)

        growth = node.rows / (probed.rows or 1.0)
        kind = str(node.extra_info.get("Join Type"))
        sieve = 1.0
        if hashed and kind in _SIEVES:  # DuckDB hands what it waits for to the scan, as a filter
            sieve = math.sqrt(min(1.0, max(growth, LEAST_KEPT)))
        self.walk(built, _Pipeline([build]))
        self.walk(probed, pipeline.then(probe, sieve))
        if hashed:  # what did not fit is joined now; DuckDB counts it in any case
            again = [max(node.rows, 1.0), 0.0]
            if waiting[0] > self._largest:  # the one that is most likely not to fit
                self._largest, self._spilled = waiting[0], (again, self._newest[1])
            self._stages.append(again)

    def _share(self, node: _Node, pipeline: _Pipeline) -> None:
        """Rows that are read more than once: gathered first, or handed on as they come."""
        first, rest = node.children
        known = [first.rows]

        def keep(rows: _Rows) -> None:
            rows.cost += COLUMN * rows.count
            known[0] = rows.count

        self.walk(first, _Pipeline([keep]))
        at_once = "PIPELINE" in str(node.extra_info.get("Execution Mode", ""))
        source = self._newest if at_once else None
        self._shared[str(node.extra_info.get("Table Index"))] = known[0], source
        self.walk(rest, pipeline)

    def _pass(self, node: _Node, rows: _Rows) -> None:
        """Rows go through an operator that gathers nothing."""
        if node.name == "FILTER":
            rows.cost += _filtering(str(node.extra_info), rows.count)
            rows.count = min(rows.count, max(node.rows, LEAST_KEPT * rows.count))
        elif node.name == "PROJECTION":
            rows.cost += COLUMN * rows.count * node.values
        elif any(word in node.name for word in _WRITES):
            rows.cost += RESULT * rows.count
            rows.count = 1.0


def _filtering(conditions: str, rows: float) -> float:
    """What it takes to hold so many rows against them."""
    if not conditions:
        return 0.0
    each = FILTER * (1 + conditions.count(" AND "))
    if any(word in conditions for word in ("~~", "contains(", "prefix(", "suffix(", "regexp")):
        each += PATTERN
    return each * rows
