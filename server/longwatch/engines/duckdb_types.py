"""Types that DuckDB has and Arrow has not."""

from __future__ import annotations

from typing import Any, Final

import duckdb

from longwatch.engines.text import quoted

# What DuckDB 2.0 makes of them in Arrow: BIT, BIGNUM and VARIANT become their inner bytes, a time
# loses its zone, and 2**128 - 1 becomes -1.
_UNSAYABLE: Final = frozenset({"bit", "bignum", "time with time zone", "uhugeint", "variant"})
_NESTED: Final = frozenset({"array", "list", "map", "struct", "union"})


def in_arrows_words(relation: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """The same rows, with columns that Arrow would misstate as text."""
    unsayable = [_is_unsayable(one) for one in relation.types]
    if not any(unsayable):
        return relation
    columns = enumerate(zip(relation.columns, unsayable, strict=True), start=1)
    return relation.project(
        ", ".join(
            f"#{number}{'::VARCHAR' if as_text else ''} AS {quoted(name)}"
            for number, (name, as_text) in columns
        )
    )


def _is_unsayable(kind: Any) -> bool:
    if kind.id in _UNSAYABLE:
        return True
    if kind.id not in _NESTED:
        return False
    # An array's second child is its size, a number.
    return any(_is_unsayable(child) for _, child in kind.children if hasattr(child, "id"))
