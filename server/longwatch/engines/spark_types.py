"""Values on their way to Spark, and types on their way back.

Literals are those of Spark Connect's protocol: the client's own take a time without a zone for one
of the zone that this machine is in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import pyspark.sql.connect.proto as spark
from pyspark.sql import types
from pyspark.sql.connect.types import pyspark_types_to_proto_types

from longwatch.engines.contract import EngineError
from longwatch.protocol.jobs import JobError

_EPOCH_DAY: Final = dt.date(1970, 1, 1)
_EPOCH: Final = dt.datetime(1970, 1, 1)
_EPOCH_UTC: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND: Final = dt.timedelta(microseconds=1)
_DIGITS: Final = 38
"""Of a decimal."""
# What pyarrow has no Python value for, or nobody could read.
_AS_TEXT: Final = tuple(
    getattr(types, name)
    for name in (
        "YearMonthIntervalType", "VariantType", "GeometryType", "GeographyType"
    )
    if hasattr(types, name)
)  # fmt: skip


def literal(value: Any) -> spark.Expression:
    """A value that a parameter has, as Spark's protocol has it. Raises `EngineError`."""
    match value:
        case None:
            null = spark.Expression.Literal(null=spark.DataType(null=spark.DataType.NULL()))
            return spark.Expression(literal=null)
        case bool():
            found = spark.Expression.Literal(boolean=value)
        case int():
            found = _integer(value)
        case float():
            found = spark.Expression.Literal(double=value)
        case Decimal():
            found = _decimal(value)
        case str():
            found = _string(value)
        case dt.datetime() if value.tzinfo is None:
            found = spark.Expression.Literal(timestamp_ntz=(value - _EPOCH) // _MICROSECOND)
        case dt.datetime():
            found = spark.Expression.Literal(timestamp=(value - _EPOCH_UTC) // _MICROSECOND)
        case dt.date():
            found = spark.Expression.Literal(date=(value - _EPOCH_DAY).days)
        case _:
            raise AssertionError(f"no parameter has a value such as {value!r}")
    return spark.Expression(literal=found)


def _integer(value: int) -> spark.Expression.Literal:
    if -(2**31) <= value < 2**31:
        return spark.Expression.Literal(integer=value)
    if -(2**63) <= value < 2**63:
        return spark.Expression.Literal(long=value)
    return _decimal(Decimal(value))


def _decimal(value: Decimal) -> spark.Expression.Literal:
    if not value.is_finite():
        return spark.Expression.Literal(double=float(value))
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    scale = max(-exponent, 0)
    precision = max(len(digits) + max(exponent, 0), scale, 1)
    if precision > _DIGITS:
        raise EngineError(
            JobError(
                code="invalid_parameter",
                message=f"The number {value} has more than the {_DIGITS} digits of a decimal.",
                hint="Give a number with fewer digits, then run the query again.",
            )
        )
    return spark.Expression.Literal(
        decimal=spark.Expression.Literal.Decimal(
            value=f"{value:f}", precision=precision, scale=scale
        )
    )


def _string(value: str) -> spark.Expression.Literal:
    try:
        return spark.Expression.Literal(string=value)
    except (UnicodeEncodeError, ValueError):  # half of a surrogate pair
        raise EngineError(
            JobError(
                code="invalid_parameter",
                message=f"The text {value!r} is not one that Spark can hold.",
                hint="Leave out what is no character, then run the query again.",
            )
        ) from None


def readable(relation: spark.Relation, schema: types.StructType) -> spark.Relation:
    """`relation`, whose columns are those of `schema`, with text for what Arrow's readers have no
    value of; itself where there is nothing of the kind."""
    wanted = [_readable(field.dataType) for field in schema.fields]
    if all(one is None for one in wanted):
        return relation
    names = [f"c{number}" for number in range(len(wanted))]  # two columns may have one name
    renamed = spark.Relation(to_df=spark.ToDF(input=relation, column_names=names))
    columns = [
        _column(name, field, kind)
        for name, field, kind in zip(names, schema.fields, wanted, strict=True)
    ]
    return spark.Relation(project=spark.Project(input=renamed, expressions=columns))


def _column(name: str, field: types.StructField, kind: types.DataType | None) -> spark.Expression:
    column = spark.Expression(
        unresolved_attribute=spark.Expression.UnresolvedAttribute(unparsed_identifier=name)
    )
    if type(field.dataType).__name__ == "VariantType":
        column = spark.Expression(  # a cast has no quotes around text
            unresolved_function=spark.Expression.UnresolvedFunction(
                function_name="to_json", arguments=[column]
            )
        )
    elif kind is not None:
        column = spark.Expression(
            cast=spark.Expression.Cast(expr=column, type=pyspark_types_to_proto_types(kind))
        )
    return spark.Expression(alias=spark.Expression.Alias(expr=column, name=[field.name]))


def _readable(kind: types.DataType) -> types.DataType | None:
    """What to cast a type to; `None` where it can stay."""
    match kind:
        case types.ArrayType():
            element = _readable(kind.elementType)
            return element and types.ArrayType(element, kind.containsNull)
        case types.MapType():
            parts = [_readable(kind.keyType), _readable(kind.valueType)]
            if not any(parts):
                return None
            return types.MapType(
                parts[0] or kind.keyType, parts[1] or kind.valueType, kind.valueContainsNull
            )
        case types.StructType():
            return _readable_struct(kind.fields)
        case _:
            return types.StringType() if isinstance(kind, _AS_TEXT) else None


def _readable_struct(fields: Sequence[types.StructField]) -> types.StructType | None:
    found = [_readable(field.dataType) for field in fields]
    if not any(found):
        return None
    return types.StructType(
        [
            types.StructField(field.name, kind or field.dataType, field.nullable)
            for field, kind in zip(fields, found, strict=True)
        ]
    )
