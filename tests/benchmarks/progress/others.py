"""Queries over TPC-H's tables that are hard to tell the progress of, or common, and that TPC-H has
not: large sorts, windows, many groups, long results, several statements."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final


def sort_texts(r: random.Random) -> str:
    """Texts in order: DuckDB's percentage stands still for most of it."""
    return f"""select l_comment, l_orderkey from lineitem
where l_orderkey % {r.randint(2, 4)} = 0 order by l_comment, l_orderkey limit 1000 offset 100000"""


def sort_numbers(r: random.Random) -> str:
    """Everything in order, and all of it written."""
    return f"""select * from lineitem where l_partkey % {r.randint(4, 8)} = 0
order by l_extendedprice, l_orderkey"""


def window(r: random.Random) -> str:
    """Windows over many partitions."""
    return f"""select avg(rank), max(running) from (
    select rank() over (partition by l_suppkey order by l_extendedprice) as rank,
        sum(l_quantity) over (partition by l_suppkey order by l_shipdate, l_orderkey) as running
    from lineitem where l_linenumber <= {r.randint(2, 7)}) as windows"""


def many_groups(r: random.Random) -> str:
    """About as many groups as rows."""
    return f"""select count(*), max(total) from (
    select l_orderkey, l_partkey, sum({r.choice(("l_quantity", "l_tax", "l_discount"))}) as total
    from lineitem where l_quantity > {r.randint(0, 20)} group by l_orderkey, l_partkey) as groups"""


def distinct_texts(r: random.Random) -> str:
    """Texts counted once each."""
    return f"""select count(distinct l_comment), count(distinct l_partkey) from lineitem
where l_suppkey > {r.randint(0, 2000)}"""


def long_result(r: random.Random) -> str:
    """A scan whose rows are all wanted."""
    return f"""select l_orderkey, l_partkey, l_quantity, l_extendedprice, l_shipdate
from lineitem where l_discount < {r.randint(4, 10) / 100}"""


def join_result(r: random.Random) -> str:
    """A join whose rows are all wanted."""
    return f"""select o_orderkey, o_orderdate, c_name, l_partkey,
    l_extendedprice * (1 - l_discount) as revenue
from customer, orders, lineitem
where c_custkey = o_custkey and o_orderkey = l_orderkey and l_quantity < {r.randint(10, 30)}"""


def patterns(r: random.Random) -> str:
    """A scan that computes much of each row."""
    word = r.choice(("furiously", "carefully", "quickly", "slyly"))
    return f"""select count(*) from lineitem, orders where l_orderkey = o_orderkey
    and (l_comment like '%{word}%deposits%' or o_comment like '%{word}%{r.choice("aeiou")}%s%')"""


def pairs(r: random.Random) -> str:
    """A table with itself."""
    return f"""select count(*), avg(a.l_extendedprice - b.l_extendedprice)
from lineitem a, lineitem b where a.l_orderkey = b.l_orderkey
    and a.l_linenumber < b.l_linenumber and a.l_quantity > {r.randint(1, 25)}"""


def in_steps(r: random.Random) -> str:
    """A sum of parts, each a query of its own."""
    year = r.randint(1993, 1996)
    parts = " union all ".join(
        f"""select {year + more} as year, count(*), sum(l_extendedprice) from lineitem, orders
    where l_orderkey = o_orderkey and o_orderdate >= '{year + more}-01-01'
        and o_orderdate < '{year + more + 1}-01-01'"""
        for more in range(3)
    )
    return f"select * from ({parts}) as years order by 1"


OTHERS: Final[dict[str, Callable[[random.Random], str]]] = {
    one.__name__: one
    for one in (
        *(sort_texts, sort_numbers, window, many_groups, distinct_texts),
        *(long_result, join_result, patterns, pairs, in_steps),
    )
}
