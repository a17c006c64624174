"""The questions of the TPC-H benchmark, with parameters drawn as its specification says (section
2.4), worded so that DuckDB, PostgreSQL and SQLite all understand them."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from typing import Final

NATIONS: Final = (
    *("ALGERIA", "ARGENTINA", "BRAZIL", "CANADA", "EGYPT", "ETHIOPIA", "FRANCE", "GERMANY"),
    *("INDIA", "INDONESIA", "IRAN", "IRAQ", "JAPAN", "JORDAN", "KENYA", "MOROCCO", "MOZAMBIQUE"),
    *("PERU", "CHINA", "ROMANIA", "SAUDI ARABIA", "VIETNAM", "RUSSIA", "UNITED KINGDOM"),
    "UNITED STATES",
)
REGIONS: Final = ("AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST")
SEGMENTS: Final = ("AUTOMOBILE", "BUILDING", "FURNITURE", "MACHINERY", "HOUSEHOLD")
MODES: Final = ("REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB")
TYPES: Final = (
    ("STANDARD", "SMALL", "MEDIUM", "LARGE", "ECONOMY", "PROMO"),
    ("ANODIZED", "BURNISHED", "PLATED", "POLISHED", "BRUSHED"),
    ("TIN", "NICKEL", "BRASS", "STEEL", "COPPER"),
)
BOXES: Final = (
    ("SM", "LG", "MED", "JUMBO", "WRAP"),
    ("CASE", "BOX", "BAG", "JAR", "PKG", "PACK", "CAN", "DRUM"),
)
COLORS: Final = ("almond", "azure", "beige", "blue", "coral", "forest", "green", "ivory", "plum")
REVENUE: Final = "l_extendedprice * (1 - l_discount)"


def _day(text: str, days: int = 0) -> str:
    return f"'{dt.date.fromisoformat(text) + dt.timedelta(days=days)}'"


def _month(year: int, month: int, more: int = 0) -> str:
    total = year * 12 + month - 1 + more
    return f"'{total // 12}-{total % 12 + 1:02}-01'"


def q1(r: random.Random) -> str:
    """Pricing summary."""
    return f"""select l_returnflag, l_linestatus, sum(l_quantity), sum(l_extendedprice),
    sum({REVENUE}), sum({REVENUE} * (1 + l_tax)), avg(l_quantity), avg(l_extendedprice),
    avg(l_discount), count(*)
from lineitem where l_shipdate <= {_day("1998-12-01", -r.randint(60, 120))}
group by l_returnflag, l_linestatus order by l_returnflag, l_linestatus"""


def q2(r: random.Random) -> str:
    """The cheapest supplier."""
    region = r.choice(REGIONS)
    return f"""select s_acctbal, s_name, n_name, p_partkey, p_mfgr, s_address, s_phone, s_comment
from part, supplier, partsupp, nation, region
where p_partkey = ps_partkey and s_suppkey = ps_suppkey and p_size = {r.randint(1, 50)}
    and p_type like '%{r.choice(TYPES[2])}' and s_nationkey = n_nationkey
    and n_regionkey = r_regionkey and r_name = '{region}'
    and ps_supplycost = (select min(ps_supplycost) from partsupp, supplier, nation, region
        where p_partkey = ps_partkey and s_suppkey = ps_suppkey and s_nationkey = n_nationkey
            and n_regionkey = r_regionkey and r_name = '{region}')
order by s_acctbal desc, n_name, s_name, p_partkey limit 100"""


def q3(r: random.Random) -> str:
    """What has not been shipped."""
    day = _day("1995-03-01", r.randint(0, 30))
    return f"""select l_orderkey, sum({REVENUE}) as revenue, o_orderdate, o_shippriority
from customer, orders, lineitem
where c_mktsegment = '{r.choice(SEGMENTS)}' and c_custkey = o_custkey and l_orderkey = o_orderkey
    and o_orderdate < {day} and l_shipdate > {day}
group by l_orderkey, o_orderdate, o_shippriority order by revenue desc, o_orderdate limit 10"""


def q4(r: random.Random) -> str:
    """Late orders by priority."""
    year, month = 1993 + r.randint(0, 4), r.randint(1, 10)
    return f"""select o_orderpriority, count(*) from orders
where o_orderdate >= {_month(year, month)} and o_orderdate < {_month(year, month, 3)}
    and exists (select * from lineitem
        where l_orderkey = o_orderkey and l_commitdate < l_receiptdate)
group by o_orderpriority order by o_orderpriority"""


def q5(r: random.Random) -> str:
    """Local suppliers."""
    year = r.randint(1993, 1997)
    return f"""select n_name, sum({REVENUE}) as revenue
from customer, orders, lineitem, supplier, nation, region
where c_custkey = o_custkey and l_orderkey = o_orderkey and l_suppkey = s_suppkey
    and c_nationkey = s_nationkey and s_nationkey = n_nationkey and n_regionkey = r_regionkey
    and r_name = '{r.choice(REGIONS)}' and o_orderdate >= {_month(year, 1)}
    and o_orderdate < {_month(year + 1, 1)}
group by n_name order by revenue desc"""


def q6(r: random.Random) -> str:
    """What discounts cost."""
    year, discount = r.randint(1993, 1997), r.randint(2, 9) / 100
    return f"""select sum(l_extendedprice * l_discount) from lineitem
where l_shipdate >= {_month(year, 1)} and l_shipdate < {_month(year + 1, 1)}
    and l_discount between {discount - 0.01:.2f} and {discount + 0.01:.2f}
    and l_quantity < {r.randint(24, 25)}"""


def q7(r: random.Random) -> str:
    """Trade between two nations."""
    one, other = r.sample(NATIONS, 2)
    return f"""select supp_nation, cust_nation, l_year, sum(volume) from (
    select n1.n_name as supp_nation, n2.n_name as cust_nation,
        substr(cast(l_shipdate as varchar), 1, 4) as l_year, {REVENUE} as volume
    from supplier, lineitem, orders, customer, nation n1, nation n2
    where s_suppkey = l_suppkey and o_orderkey = l_orderkey and c_custkey = o_custkey
        and s_nationkey = n1.n_nationkey and c_nationkey = n2.n_nationkey
        and ((n1.n_name = '{one}' and n2.n_name = '{other}')
            or (n1.n_name = '{other}' and n2.n_name = '{one}'))
        and l_shipdate between '1995-01-01' and '1996-12-31') as shipping
group by supp_nation, cust_nation, l_year order by supp_nation, cust_nation, l_year"""


def q8(r: random.Random) -> str:
    """A nation's share of a market."""
    nation, kind = r.choice(NATIONS), " ".join(r.choice(one) for one in TYPES)
    return f"""select o_year,
    sum(case when nation = '{nation}' then volume else 0 end) / sum(volume)
from (select substr(cast(o_orderdate as varchar), 1, 4) as o_year, {REVENUE} as volume,
        n2.n_name as nation
    from part, supplier, lineitem, orders, customer, nation n1, nation n2, region
    where p_partkey = l_partkey and s_suppkey = l_suppkey and l_orderkey = o_orderkey
        and o_custkey = c_custkey and c_nationkey = n1.n_nationkey
        and n1.n_regionkey = r_regionkey and r_name = '{r.choice(REGIONS)}'
        and s_nationkey = n2.n_nationkey
        and o_orderdate between '1995-01-01' and '1996-12-31'
        and p_type = '{kind}') as all_nations
group by o_year order by o_year"""


def q9(r: random.Random) -> str:
    """Profit by product."""
    return f"""select nation, o_year, sum(amount) from (
    select n_name as nation, substr(cast(o_orderdate as varchar), 1, 4) as o_year,
        {REVENUE} - ps_supplycost * l_quantity as amount
    from part, supplier, lineitem, partsupp, orders, nation
    where s_suppkey = l_suppkey and ps_suppkey = l_suppkey and ps_partkey = l_partkey
        and p_partkey = l_partkey and o_orderkey = l_orderkey and s_nationkey = n_nationkey
        and p_name like '%{r.choice(COLORS)}%') as profit
group by nation, o_year order by nation, o_year desc"""


def q10(r: random.Random) -> str:
    """Customers who send things back."""
    year, month = 1993 + r.randint(0, 1), r.randint(1, 12)
    return f"""select c_custkey, c_name, sum({REVENUE}) as revenue, c_acctbal, n_name, c_address,
    c_phone, c_comment
from customer, orders, lineitem, nation
where c_custkey = o_custkey and l_orderkey = o_orderkey and o_orderdate >= {_month(year, month)}
    and o_orderdate < {_month(year, month, 3)} and l_returnflag = 'R' and c_nationkey = n_nationkey
group by c_custkey, c_name, c_acctbal, c_phone, n_name, c_address, c_comment
order by revenue desc limit 20"""


def q11(r: random.Random) -> str:
    """What stock is worth most."""
    nation = r.choice(NATIONS)
    of_nation = f"""from partsupp, supplier, nation
    where ps_suppkey = s_suppkey and s_nationkey = n_nationkey and n_name = '{nation}'"""
    return f"""select ps_partkey, sum(ps_supplycost * ps_availqty) as stock {of_nation}
group by ps_partkey having sum(ps_supplycost * ps_availqty) > (
    select sum(ps_supplycost * ps_availqty) * 0.0001 {of_nation})
order by stock desc"""


def q12(r: random.Random) -> str:
    """Do cheap ways of shipping make orders late?"""
    one, other = r.sample(MODES, 2)
    year = r.randint(1993, 1997)
    urgent = "o_orderpriority = '1-URGENT' or o_orderpriority = '2-HIGH'"
    return f"""select l_shipmode, sum(case when {urgent} then 1 else 0 end),
    sum(case when {urgent} then 0 else 1 end)
from orders, lineitem where o_orderkey = l_orderkey and l_shipmode in ('{one}', '{other}')
    and l_commitdate < l_receiptdate and l_shipdate < l_commitdate
    and l_receiptdate >= {_month(year, 1)} and l_receiptdate < {_month(year + 1, 1)}
group by l_shipmode order by l_shipmode"""


def q13(r: random.Random) -> str:
    """How many orders customers have."""
    one = r.choice(("special", "pending", "unusual", "express"))
    other = r.choice(("packages", "requests", "accounts", "deposits"))
    return f"""select c_count, count(*) as custdist from (
    select c_custkey, count(o_orderkey) as c_count
    from customer left join orders
        on c_custkey = o_custkey and o_comment not like '%{one}%{other}%'
    group by c_custkey) as c_orders
group by c_count order by custdist desc, c_count desc"""


def q14(r: random.Random) -> str:
    """What promotion brings."""
    year, month = r.randint(1993, 1997), r.randint(1, 12)
    return f"""select 100.0 * sum(case when p_type like 'PROMO%' then {REVENUE} else 0 end)
    / sum({REVENUE})
from lineitem, part where l_partkey = p_partkey and l_shipdate >= {_month(year, month)}
    and l_shipdate < {_month(year, month, 1)}"""


def q15(r: random.Random) -> str:
    """The best supplier."""
    year, month = 1993 + r.randint(0, 4), r.randint(1, 10)
    return f"""with revenue as (select l_suppkey as supplier_no, sum({REVENUE}) as total_revenue
    from lineitem where l_shipdate >= {_month(year, month)}
        and l_shipdate < {_month(year, month, 3)} group by l_suppkey)
select s_suppkey, s_name, s_address, s_phone, total_revenue from supplier, revenue
where s_suppkey = supplier_no and total_revenue = (select max(total_revenue) from revenue)
order by s_suppkey"""


def q16(r: random.Random) -> str:
    """How many suppliers for parts of some kinds."""
    sizes = ", ".join(map(str, r.sample(range(1, 51), 8)))
    return f"""select p_brand, p_type, p_size, count(distinct ps_suppkey) as supplier_cnt
from partsupp, part where p_partkey = ps_partkey
    and p_brand <> 'Brand#{r.randint(1, 5)}{r.randint(1, 5)}'
    and p_type not like '{r.choice(TYPES[0])} {r.choice(TYPES[1])}%' and p_size in ({sizes})
    and ps_suppkey not in (select s_suppkey from supplier
        where s_comment like '%Customer%Complaints%')
group by p_brand, p_type, p_size order by supplier_cnt desc, p_brand, p_type, p_size"""


def q17(r: random.Random) -> str:
    """Small orders."""
    return f"""select sum(l_extendedprice) / 7.0 from lineitem, part
where p_partkey = l_partkey and p_brand = 'Brand#{r.randint(1, 5)}{r.randint(1, 5)}'
    and p_container = '{r.choice(BOXES[0])} {r.choice(BOXES[1])}' and l_quantity < (
        select 0.2 * avg(l_quantity) from lineitem where l_partkey = p_partkey)"""


def q18(r: random.Random) -> str:
    """Large orders."""
    return f"""select c_name, c_custkey, o_orderkey, o_orderdate, o_totalprice, sum(l_quantity)
from customer, orders, lineitem where o_orderkey in (
        select l_orderkey from lineitem group by l_orderkey
        having sum(l_quantity) > {r.randint(312, 315)})
    and c_custkey = o_custkey and o_orderkey = l_orderkey
group by c_name, c_custkey, o_orderkey, o_orderdate, o_totalprice
order by o_totalprice desc, o_orderdate limit 100"""


def q19(r: random.Random) -> str:
    """Discounts on some parts."""

    def part(boxes: str, quantity: int, size: int) -> str:
        brand = f"Brand#{r.randint(1, 5)}{r.randint(1, 5)}"
        return f"""(p_brand = '{brand}' and p_container in ({boxes})
        and l_quantity >= {quantity} and l_quantity <= {quantity + 10}
        and p_size between 1 and {size})"""

    small = part("'SM CASE', 'SM BOX', 'SM PACK', 'SM PKG'", r.randint(1, 10), 5)
    medium = part("'MED BAG', 'MED BOX', 'MED PKG', 'MED PACK'", r.randint(10, 20), 10)
    large = part("'LG CASE', 'LG BOX', 'LG PACK', 'LG PKG'", r.randint(20, 30), 15)
    return f"""select sum({REVENUE}) from lineitem, part
where p_partkey = l_partkey and l_shipmode in ('AIR', 'AIR REG')
    and l_shipinstruct = 'DELIVER IN PERSON' and ({small} or {medium} or {large})"""


def q20(r: random.Random) -> str:
    """Who has too much of something."""
    year = r.randint(1993, 1997)
    return f"""select s_name, s_address from supplier, nation where s_suppkey in (
    select ps_suppkey from partsupp where ps_partkey in (
            select p_partkey from part where p_name like '{r.choice(COLORS)}%')
        and ps_availqty > (select 0.5 * sum(l_quantity) from lineitem
            where l_partkey = ps_partkey and l_suppkey = ps_suppkey
                and l_shipdate >= {_month(year, 1)} and l_shipdate < {_month(year + 1, 1)}))
    and s_nationkey = n_nationkey and n_name = '{r.choice(NATIONS)}'
order by s_name"""


def q21(r: random.Random) -> str:
    """Who kept orders waiting."""
    return f"""select s_name, count(*) as numwait from supplier, lineitem l1, orders, nation
where s_suppkey = l1.l_suppkey and o_orderkey = l1.l_orderkey and o_orderstatus = 'F'
    and l1.l_receiptdate > l1.l_commitdate
    and exists (select * from lineitem l2 where l2.l_orderkey = l1.l_orderkey
        and l2.l_suppkey <> l1.l_suppkey)
    and not exists (select * from lineitem l3 where l3.l_orderkey = l1.l_orderkey
        and l3.l_suppkey <> l1.l_suppkey and l3.l_receiptdate > l3.l_commitdate)
    and s_nationkey = n_nationkey and n_name = '{r.choice(NATIONS)}'
group by s_name order by numwait desc, s_name limit 100"""


def q22(r: random.Random) -> str:
    """Customers without orders."""
    codes = ", ".join(f"'{one}'" for one in r.sample(range(10, 35), 7))
    return f"""select cntrycode, count(*), sum(c_acctbal) from (
    select substr(c_phone, 1, 2) as cntrycode, c_acctbal from customer
    where substr(c_phone, 1, 2) in ({codes})
        and c_acctbal > (select avg(c_acctbal) from customer
            where c_acctbal > 0.00 and substr(c_phone, 1, 2) in ({codes}))
        and not exists (select * from orders where o_custkey = c_custkey)) as custsale
group by cntrycode order by cntrycode"""


QUESTIONS: Final[dict[str, Callable[[random.Random], str]]] = {
    f"q{number}": question
    for number, question in enumerate(
        (
            *(q1, q2, q3, q4, q5, q6, q7, q8, q9, q10, q11),
            *(q12, q13, q14, q15, q16, q17, q18, q19, q20, q21, q22),
        ),
        start=1,
    )
}
