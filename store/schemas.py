"""How a contract's columns are stored: Arrow types, and the cast of a typed table to its contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.contract import ToolInputError

if TYPE_CHECKING:
    import pyarrow as pa

    from tools.contracts import Contract
    from tools.contracts.table import ColumnType


def arrow_type(kind: ColumnType) -> pa.DataType:
    """The stored type of a contract type, as `ColumnType` says it."""
    import pyarrow as pa

    match kind:
        case "id" | "text" | "category" | "currency":
            return pa.string()
        case "timestamp":
            return pa.timestamp("us", tz="UTC")
        case "date":
            return pa.date32()
        case "count" | "money":
            return pa.int64()
        case "quantity":
            return pa.decimal128(18, 6)
        case "share":
            return pa.float64()
        case "bool":
            return pa.bool_()


def arrow_schema(contract: Contract) -> pa.Schema:
    """The stored schema of a table. Every field is nullable: what is required is checked on import, with a reason per row."""
    import pyarrow as pa

    return pa.schema([(column.name, arrow_type(column.type)) for column in contract.columns])


def conform(contract: Contract, table: pa.Table) -> pa.Table:
    """A typed table cast to its contract, with empty columns for what it does not hold. Naive timestamps are read as UTC.

    Raises ToolInputError when a column is unknown, a required one is absent or empty in places, or a type does not fit.
    """
    import pyarrow as pa

    unknown = sorted(set(table.column_names) - {column.name for column in contract.columns})
    if unknown:
        raise ToolInputError(f"{contract.name} has no column {', '.join(unknown)}", field=unknown[0])
    columns = []
    for column in contract.columns:
        kind = arrow_type(column.type)
        if column.name not in table.column_names:
            if column.required:
                raise ToolInputError(f"{contract.name} needs the column {column.name}: {column.description}", field=column.name)
            columns.append(pa.nulls(table.num_rows, kind))
            continue
        try:
            cast = table.column(column.name).cast(kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise ToolInputError(f"{contract.name}.{column.name} is not a {column.type}: {error}", field=column.name) from error
        if column.required and cast.null_count:
            raise ToolInputError(f"{contract.name}.{column.name} is empty in {cast.null_count} rows", field=column.name)
        columns.append(cast)
    return pa.table(columns, schema=arrow_schema(contract))
