"""What a filter of a lazy frame says of one column, found by polars alone: no text is parsed."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

__all__ = ["Wanted", "conjuncts", "passing"]


class Wanted:
    """What a query asks of a source: some rows, and some columns of them.

    A head before a filter arrives as both, and comes first (observed 2026-11-20, polars 2.1).
    """

    def __init__(
        self, schema: Iterable[str], columns: list[str] | None, predicate: pl.Expr | None, rows: int | None
    ) -> None:
        self.columns = columns or list(schema)
        self.predicate, self.rows = predicate, rows
        self.early = predicate if rows is None else None
        """The filter, where it may be heeded before rows are counted."""

    @property
    def satisfied(self) -> bool:
        return self.rows == 0

    def of(self, frame: pl.DataFrame) -> pl.DataFrame:
        """What of the next rows is wanted."""
        if self.rows is not None:
            frame = frame.head(self.rows)
            self.rows -= frame.height
        if self.predicate is not None:
            frame = frame.filter(self.predicate)
        return frame.select(self.columns)


def conjuncts(predicate: pl.Expr | None) -> list[pl.Expr]:
    """The filters that hold side by side, each by itself.

    >>> both = (pl.col("symbol") == "005930") & (pl.col("close") > 0)
    >>> [each.meta.root_names() for each in conjuncts(both)]
    [['symbol'], ['close']]
    """
    if predicate is None:
        return []
    inputs = predicate.meta.pop()
    if len(inputs) == 2:
        for left, right in (inputs, inputs[::-1]):
            if (left & right).meta.eq(predicate):
                return [*conjuncts(left), *conjuncts(right)]
    return [predicate]


def passing(predicate: pl.Expr | None, values: pl.Series) -> pl.Series:
    """Those of a column's values that pass the filters over this column alone.

    >>> both = pl.col("symbol").str.starts_with("0") & (pl.col("close") > 0)
    >>> passing(both, pl.Series("symbol", ["005930", "950210"])).to_list()
    ['005930']
    """
    frame = values.to_frame()
    alone = [each for each in conjuncts(predicate) if set(each.meta.root_names()) == {values.name}]
    return frame.filter(alone).to_series() if alone else values
