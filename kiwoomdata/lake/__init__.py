"""A lake: the market over years in a folder of Parquet files, which any engine reads."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl

from kiwoomdata import forks
from kiwoomdata.arguments import DateLike, Symbols, as_date, as_symbols
from kiwoomdata.calendar import today
from kiwoomdata.client import Client
from kiwoomdata.lake import factors, info
from kiwoomdata.lake.checking import check, compact
from kiwoomdata.lake.files import RECORDING, Files
from kiwoomdata.lake.keys import Keys, clients_of
from kiwoomdata.lake.recorded import FEED_TABLES, take
from kiwoomdata.lake.tables import STOCKS, TABLES, chosen_tables
from kiwoomdata.lake.updating import update
from kiwoomdata.names import with_codes
from kiwoomdata.prefetch import Report

__all__ = ["Lake"]


class Lake:
    """A folder of Parquet files with the rows of many symbols over years, kept up to date.

    Each table is a folder, ``candles/year=2026/part-0.parquet``, sorted by symbol and day, with the symbol as
    a column: polars, DuckDB, pandas and others read it as it is. Rows are final ones, and prices are kept as
    they were traded: a split changes no file of the past. Everything else lies under names that begin with
    ``_``, beside the tables.

    Parameters
    ----------
    path
        The folder. The first :meth:`update` makes it, if it is not there.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import kiwoomdata as kd
    >>> kd.use("simulator")
    >>> folder = TemporaryDirectory()
    >>> lake = kd.Lake(folder.name)
    >>> report = lake.update(["005930", "0000D0"], what="candles", start="2024-01-02")
    >>> lake.scan("candles").filter(symbol="005930").select("date", "close").head(2).collect().shape
    (2, 2)
    >>> folder.cleanup()
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._files = Files(path)

    def __repr__(self) -> str:
        return f"Lake({str(self.path)!r})"

    @property
    def path(self) -> Path:
        """The folder."""
        return self._files.folder

    @property
    def recording(self) -> Path:
        """Where live messages are kept, as in ``kd.stream_to_frame(..., record=lake.recording)``.

        It is a recording as any other, for :func:`kiwoomdata.ticks` and :func:`kiwoomdata.replay`. Engines
        skip it; :meth:`update` makes tables of its days.
        """
        return self.path / RECORDING

    def update(
        self,
        symbols: Symbols | None = None,
        *,
        what: str | Sequence[str] = (STOCKS, "candles", "daily_prices"),
        start: DateLike | None = None,
        keys: Sequence[str] | None = None,
        client: Client | None = None,
    ) -> Report:
        """Ask for what the lake lacks of these symbols up to the last final day, and write it.

        Stopped or killed, it goes on where it was: what was written stays, and pages that had come are in the
        client's store. Several updates of one lake may run at once.

        Parameters
        ----------
        symbols
            As in :func:`kiwoomdata.daily_prices`; ``kd.stocks("kospi")`` is a list. Left out: all symbols
            that the lake's tables hold.
        what
            Tables: ``"candles"`` (days), ``"candles_1m"`` and other minutes, ``"daily_prices"``,
            ``"investor_flows"`` (in KRW), ``"investor_breakdown"``, ``"program_trend"``,
            ``"foreign_holdings"``, ``"short_selling"`` by symbol; and ``"stocks"``, the list of stocks as it
            is today, which nobody gives later. A feed, such as ``"trade"``, takes the days that are over out
            of :attr:`recording`, of all symbols and without a request.
        start
            The first day wanted. Left out: as far back as the lake's table was filled before.
        keys
            Names of keys that ask side by side, each within its own quota: ``"a"`` is ``KIWOOM_APP_KEY_A``
            and ``KIWOOM_APP_SECRET_A``, or in keyring; see ``key`` of :class:`kiwoomdata.Client`. One that
            the server refuses is told, and the others do its work.
        client
            The :class:`kiwoomdata.Client` to use; left out: the one of :func:`kiwoomdata.use`. With ``keys``
            it says all but the key.

        Returns
        -------
        Report
            ``series`` asked for, ``rows`` that came, ``cached_rows`` of them from the store, ``requests``
            sent, and ``failures`` by symbol and table. The next update tries those again. With ``keys`` also
            the requests by ``keys``, and the ``failed_keys``.

        Raises
        ------
        ValueError, TypeError
            A wrong argument, before any request.
        AuthError, ConfigError, TransportError
            The key is refused, or the server cannot be reached. What had come is written.
        CacheError, OSError
            The folder cannot be written, is damaged, or its disk is full. Nothing of the step is in the lake.

        Warns
        -----
        IncompleteFrame
            Series that failed, or ended before ``start`` in a way that leaves their beginning in doubt. What
            came of one whose pages contradicted themselves (Truncated) is kept.
        KiwoomDataWarning
            A key that is left out.
        """
        forks.check()
        names = chosen_tables(what)
        first = None if start is None else as_date(start, "start", whole="first")
        feeds = [name for name in names if name in FEED_TABLES]
        names = [name for name in names if name not in feeds]
        report = self._asked_for(symbols, names, first, keys, client) if names else Report()
        if feeds:
            take(self._files, feeds, first, today() if client is None else client.today(), report)
        return report

    def _asked_for(
        self,
        symbols: Symbols | None,
        names: Sequence[str],
        first: date | None,
        keys: Sequence[str] | None,
        client: Client | None,
    ) -> Report:
        with clients_of(keys, client) as clients:
            theirs = Keys(clients)
            if first is not None and first > (now := theirs.any.today()):
                raise ValueError(f"start: {first} is in the future (today in Seoul is {now})")
            codes = (
                []
                if symbols is None
                else as_symbols(theirs.ask(lambda one: with_codes(symbols, lambda: one)))
            )
            return update(self._files, codes, names, first, theirs)

    def scan(self, table: str, *, adjusted: bool = False, as_of: DateLike | None = None) -> pl.LazyFrame:
        """Read a table lazily: filters and columns are pushed into the files.

        The rows are those of the moment of each ``collect``, whole, also while an update writes.

        Parameters
        ----------
        table
            ``"candles"``, ``"trade"`` and the others of :meth:`update`, or ``"factors"``.
        adjusted
            Of candles: prices and volumes in the shares of after the last split that the lake knows, rounded
            to whole KRW and shares. Where the exchange's base price and the server's adjusted series
            disagree about a split, what lies before it is null.
        as_of
            Of candles with ``adjusted``: as seen from this day, in its shares, without later rows. Of
            ``"stocks"``: the list as it was on this day.

        Returns
        -------
        LazyFrame
            The columns of the table's function. Of ``"stocks"`` ``date`` is the day on which the list was
            asked for. Of a feed the columns of :func:`kiwoomdata.ticks`, and rows day by day. Tables that the
            server gives in the shares of today have ``as_of`` (Date): rows of a symbol with one ``as_of`` are
            of one basis.

            ``"factors"``: ``symbol`` (String), ``date`` (Date, the first day in the new shares),
            ``price_factor volume_factor`` (Float64, times what lies before that day), ``close_before
            base_price`` (Int64, KRW), ``source`` (String, what tells the factor and whether the adjusted
            series agrees).

        Examples
        --------
        >>> from tempfile import TemporaryDirectory
        >>> import kiwoomdata as kd
        >>> kd.use("simulator")
        >>> folder = TemporaryDirectory()
        >>> lake = kd.Lake(folder.name)
        >>> report = lake.update("005930", what="candles", start="2024-01-02")
        >>> seen = lake.scan("candles", adjusted=True, as_of="2024-01-05").collect()
        >>> seen["date"].max()
        datetime.date(2024, 1, 5)
        >>> folder.cleanup()
        """
        files = self._files
        files.need()
        known = (*TABLES, STOCKS, "factors", *FEED_TABLES)
        if table not in known:
            raise ValueError(f"table: expected any of {', '.join(known)}, got {table!r}")
        day = None if as_of is None else as_date(as_of, "as_of", whole="last")
        if not isinstance(adjusted, bool):
            raise TypeError(f"adjusted: expected True or False, got {adjusted!r}")
        if table == STOCKS and not adjusted:
            return files.scan(table) if day is None else self._stocks_as_of(day)
        if adjusted:
            return self._adjusted(table, day)
        if day is not None:
            raise ValueError("as_of: is for stocks, and for candles with adjusted=True; filter on the date")
        return files.scan(table)

    def _adjusted(self, table: str, day: date | None) -> pl.LazyFrame:
        if not table.startswith("candles"):
            raise ValueError(f"adjusted: is for candles; nothing adjusts {table}")
        entry, found = TABLES[table], self._files.factors()
        if found is None:
            raise ValueError("adjusted: the lake has no factors; update(what='candles') finds them")
        if day is not None:
            found = found.filter(pl.col("date") <= day)
        unknown = factors.unknown(self._spans(table), self._spans("candles", known=True))
        return self._files.scan(
            table,
            only=None if day is None else entry.day <= day,
            change=factors.adjusted(pl.concat([found, unknown]), entry.when),
            changed=factors.ADJUSTED,
            needs=("symbol", entry.when),
        )

    def _spans(self, table: str, *, known: bool = False) -> dict[str, tuple[date, date]]:
        """The days of each symbol, or those alone whose factors are known."""
        manifest = self._files.manifest(table)
        held = manifest.held.items() if manifest else ()
        return {
            code: (each.first, each.last)
            for code, each in held
            if each.first and each.last and (each.version or not known)
        }

    def _stocks_as_of(self, day: date) -> pl.LazyFrame:
        rows = self._files.scan(STOCKS)
        begun, last = (
            rows.select(
                pl.col("date").min(), pl.col("date").filter(pl.col("date") <= day).max().alias("last")
            )
            .collect()
            .row(0)
        )
        if last is None:
            raise ValueError(f"as_of: {day} is before the first list of stocks, which is of {begun}")
        return rows.filter(pl.col("date") == last)

    def info(self) -> pl.DataFrame:
        """Tell what the lake holds.

        One row is one table.

        Returns
        -------
        DataFrame
            ``table api_id`` (String), ``symbols rows files bytes`` (Int64), ``from to`` (Date, of the rows),
            ``basis`` (String: ``"as traded"``, or ``"as of"`` where the server gives the past in the shares
            of the day it is asked), ``as_of`` (Date, the oldest day in whose shares rows are), ``failed``
            (Int64, symbols whose last try failed), ``outdated`` (Int64, symbols with rows that an earlier
            version of the catalogue read; the next update asks for them anew, and :meth:`check` names those
            that the server gives no more).
        """
        self._files.need()
        return info.info(self._files)

    def check(self) -> pl.DataFrame:
        """Look at every file of the lake, and tell what is wrong.

        One row is one fault; a lake without any has no row.

        Returns
        -------
        DataFrame
            ``table file symbol`` (String), ``what`` (String: ``"broken file"``, which is not what was written
            there, or is gone; ``"schema drift"``; ``"duplicate key"``; ``"not sorted"``; ``"no part"``, a
            file that engines would take for one; ``"hole"``, days that should have a row; ``"failed"``;
            ``"earlier catalogue"``; ``"outdated"``, a day of a feed), ``from to`` (Date), ``rows`` (Int64),
            ``told`` (String).
        """
        self._files.need()
        return check(self._files)

    def compact(self) -> pl.DataFrame:
        """Rewrite what is not as an update writes it, and set broken files aside, without a request.

        Parts are brought to one schema, sorted, and freed of rows that stand twice. A broken part goes to
        ``_broken``, where no engine reads it, and the next update asks for its days again. One row is one
        part that was changed.

        Returns
        -------
        DataFrame
            ``table file done`` (String), ``rows bytes_before bytes`` (Int64).
        """
        self._files.need()
        return compact(self._files)
