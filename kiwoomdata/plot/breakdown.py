"""Which classes of investor bought and sold: of many stocks on one day, and of one stock over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Unpack

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.patches import Patch

from kiwoomdata.origin import attached
from kiwoomdata.plot.above import put_legend
from kiwoomdata.plot.cells import draw_cells, draw_scale, rooted, two_ways
from kiwoomdata.plot.coarser import fitted, on, period
from kiwoomdata.plot.daily import Panel
from kiwoomdata.plot.numbers import Amounts, amount, count_axis, plain, price_axis
from kiwoomdata.plot.shapes import bars, y_limits
from kiwoomdata.plot.style import Look, Style, panels
from kiwoomdata.plot.table import Table, read, undrawable
from kiwoomdata.plot.timeline import Timeline
from kiwoomdata.plot.words import MARKETS
from kiwoomdata.present import choose

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["breakdown", "class_panels"]

WHOLE = ("individual", "foreign", "institution", "other_corporation", "domestic_foreigner")
PARTS = (
    *("financial_investment", "insurance", "investment_trust", "other_financial", "bank", "pension"),
    *("private_fund", "nation"),
)
CLASSES = (*WHOLE, *PARTS)
_TEXTS = ("flow_unit", "measure", "side", "market", "investors_date", "date")


def breakdown(
    frame: Any,
    top: int = 15,
    ax: Axes | None = None,
    *,
    kind: Literal["heat", "stacked"] = "heat",
    log: bool = False,
    **style: Unpack[Style],
) -> Axes:
    """Which classes of investor bought: each stock of a day, or one stock day by day.

    Of many stocks: one row for each, one cell for each class, and under them the total of all stocks of
    the frame, where flows are in KRW. A cell's colour is its share of the largest flow of its row, so small
    stocks can be read as well as large ones; the numbers can be compared between rows. Right of the gap
    stand the parts of 기관.

    Of one stock over several days: the close, and under it one row for each class and one column for each
    day. All colours are on one scale, whose middle is stretched (by a square root) so that small
    classes can be seen; the sums of the range stand at the right.

    Parameters
    ----------
    frame
        What :func:`kiwoomdata.closing_investor_trades` gives: ``symbol`` or ``name``, and one or more of
        ``individual foreign institution financial_investment insurance investment_trust
        other_financial bank pension private_fund nation other_corporation``; or what
        :func:`kiwoomdata.investor_breakdown` gives for one symbol: those with ``date``,
        ``domestic_foreigner``, ``close`` and ``flow_unit``.
    top
        How many stocks, those with the largest flows; in the order of the frame.
    kind
        Of one stock: ``"heat"``, or ``"stacked"`` bars that go up for what classes bought and down for
        what they sold; 기관 by its parts, where they are there.
    ax, log, **style
        As in :func:`candles`; ``log`` is of the close, which one stock alone has.

    Returns
    -------
    Axes
        Of the table, the heat map or the bars; those of the close are labelled ``"close"``, of the scale
        ``"scale"``.

    Raises
    ------
    ValueError
        A column is missing, there are no rows, or no numbers.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import kiwoomdata as kd; kd.use("simulator")
    >>> ax = kd.plot.breakdown(kd.closing_investor_trades("kospi"), top=5)
    >>> len(ax.get_yticks()), ax.get_xticklabels()[0].get_text()
    (6, '개인')
    >>> frame = kd.investor_breakdown("삼성전자", "2024-10-02", "2024-12-30")
    >>> ax = kd.plot.breakdown(frame)
    >>> ax.figure.axes[0].get_title("left"), len(ax.get_yticks())
    ('삼성전자 005930 투자자별 순매수 (주)', 13)
    """
    if not isinstance(top, int) or top < 1:
        raise ValueError(f"top: expected a whole number of at least 1, got {top!r}")
    choose("kind", kind, ("heat", "stacked"))
    wanted: dict[str, Any] = {"any_of": CLASSES, "texts": _TEXTS, "sources": ("ka10066", "ka10059")}
    table = read(frame, "breakdown", **wanted, timed=False, one_symbol=False)
    look = Look.of(ax, style, log=log)
    if len(set(table.texts.get("date", ()))) > 1:
        table = read(frame, "breakdown", **wanted, may=("close",))
        return (_heat if kind == "heat" else _stacked)(table, look, ax, _measure(frame, table, look))
    return _of_stocks(table, look, ax, top, _measure(frame, table, look))


def _measure(frame: Any, table: Table, look: Look) -> tuple[str, str]:
    """What was counted, and in which unit, as far as the frame or its request tells."""
    source = attached(frame)
    params = source.params if source else {}
    side = table.only("side") or {"0": "net", "1": "buy", "2": "sell"}.get(params.get("trde_tp", ""), "")
    what = {"net": "net_buy", "buy": "gross_buy", "sell": "gross_sell"}.get(side, "")
    unit = table.only("flow_unit") or {"value": "KRW", "shares": "shares"}.get(
        table.only("measure") or "", ""
    )
    unit = unit or {"ka10066": {"1": "KRW", "2": "shares"}}.get(source.api_id if source else "", {}).get(
        params.get("amt_qty_tp", ""), "unknown"
    )
    return look.say(what) if what else "", unit


# --- many stocks on one day ----------------------------------------------------------------------


def _of_stocks(table: Table, look: Look, ax: Axes | None, top: int, measure: tuple[str, str]) -> Axes:
    if not {"name", "symbol"} & table.texts.keys():
        raise undrawable(
            "breakdown", f"symbol or name, and one or more of {', '.join(CLASSES)}", "no stock is named"
        )
    what, unit = measure
    classes = [name for name in CLASSES if name in table and np.isfinite(table[name]).any()]
    values = np.stack([table[name] for name in classes], axis=1)
    largest = np.nanmax(np.abs(np.nan_to_num(values)), axis=1)
    kept = np.sort(np.argsort(-largest, kind="stable")[:top])
    labels, shown = [table.named(i) for i in kept], values[kept]
    if unit == "KRW":  # shares of different stocks have no sum
        labels.append(look.say("sum_of").format(count=table.rows))
        shown = np.vstack([shown, np.nansum(values, axis=0)])
    rows = len(labels)
    with look.drawing(ax, (1.9 + 0.78 * len(classes), 1.0 + 0.33 * rows)) as place:
        scale = np.nanmax(np.abs(np.nan_to_num(shown)), axis=1, keepdims=True)
        texts = [[_short(value, unit, look) for value in row] for row in shown.tolist()]
        whole = sum(name in WHOLE for name in classes)
        draw_cells(
            place,
            look,
            shown / np.where(scale > 0, scale, 1.0),
            texts,
            labels,
            [look.say(name) for name in classes],
            apart=[whole] if 0 < whole < len(classes) else [],
            below=rows - 1 if unit == "KRW" else None,
        )
        title = " ".join(filter(None, (look.say("by_stock"), what, f"({look.say(unit)})")))
        market = MARKETS.get(table.shared("market"), "")
        look.entitle(place, title, market, (table.shared("investors_date") or table.shared("date"))[:10])
    return place


def _short(value: float, unit: str, look: Look) -> str:
    exact = unit != "KRW" and abs(value) < 1e7
    return plain(value) if exact else amount(value, look.locale)


# --- one stock over time -------------------------------------------------------------------------


def _classes(table: Table, *, once: bool) -> list[str]:
    """The classes that are there, 기관 before its parts; with ``once`` either it or its parts."""
    there = [name for name in CLASSES if name in table and np.isfinite(table[name]).any()]
    parts = [name for name in there if name in PARTS]
    order = [name for name in there if name in ("individual", "foreign")]
    if "institution" in there and not (once and parts):
        order.append("institution")
    return [*order, *parts, *(name for name in there if name in ("other_corporation", "domestic_foreigner"))]


def _place(ax: Axes, look: Look, table: Table, line: Timeline) -> Axes:
    """The axes under the close, which keeps those that were given; all of them where there is no close."""
    close = np.where(table["close"] > 0, table["close"], np.nan) if "close" in table else np.array([])
    if not np.isfinite(close).any():
        return ax
    ax, lower = panels(ax, (1, 2.8), ("classes",))
    ax.set_label("close")
    look.dress(ax)
    x, there = line.at(table.when), np.isfinite(close)
    ax.plot(x[there], close[there], color=look.ink, linewidth=1.1)
    y_limits(ax, close, log=look.log)
    price_axis(ax, None, 4)
    ax.set_ylabel(look.label("close", "KRW"))
    return lower


def _heat(table: Table, look: Look, ax: Axes | None, measure: tuple[str, str]) -> Axes:
    unit = measure[1]
    classes = _classes(table, once=False)
    with look.drawing(ax, (10.5, 2.6 + 0.3 * len(classes))) as top:
        line = Timeline(table.when)
        place = _place(top, look, table, line)
        shown, level = fitted(top, table, dict.fromkeys(CLASSES, "sum"))
        values = np.stack([shown[name] for name in classes])
        look.dress(place, side="left", grid=False)
        # Each cell reaches to the next one, so that weeks fill the days that they are sums of.
        ends = line.at(shown.when) + 0.5
        edges = np.concatenate([[-0.5], ends])
        most = float(np.nanmax(np.abs(values))) or 1.0
        norm = rooted(most)
        cells = place.pcolormesh(
            edges,
            np.arange(len(classes) + 1) - 0.5,
            np.ma.masked_invalid(values),
            cmap=two_ways(look),
            norm=norm,
        )
        place.set_ylim(len(classes) - 0.5, -0.5)
        place.set_yticks(range(len(classes)), [_indented(name, classes, look) for name in classes])
        place.tick_params(axis="y", labelcolor=look.ink)
        totals = [float(np.nansum(table[name])) for name in classes]
        beside: Any = {"xytext": (6, 0), "textcoords": "offset points", "va": "center", "fontsize": 8.5}
        place.annotate(look.say("in_all"), (1, 1), xycoords="axes fraction", **{**beside, "va": "bottom"})
        for row, total in enumerate(totals):
            colour = look.up if total > 0 else look.down if total < 0 else look.faint
            where: Any = {"xycoords": ("axes fraction", "data"), "annotation_clip": False}
            place.annotate(amount(total, look.locale), (1, row), color=colour, **where, **beside)
        draw_scale(place, look, cells, look.say(unit), pad=0.11)
        line.put_on(top, look)
        _entitle(top, look, table, measure, look.say(period(level)) if level else "")
    return place


def _indented(name: str, classes: Sequence[str], look: Look) -> str:
    """A class; marked where it is a part of the 기관 above it."""
    return f"· {look.say(name)}" if name in PARTS and "institution" in classes else look.say(name)


def _stacked(table: Table, look: Look, ax: Axes | None, measure: tuple[str, str]) -> Axes:
    with look.drawing(ax, (10.5, 6.4)) as top:
        line = Timeline(table.when)
        place = _place(top, look, table, line)
        look.dress(place, side="left")
        _bars(place, look, table, line, measure[1])
        line.put_on(top, look)
        _entitle(top, look, table, measure)
    return place


def _bars(ax: Axes, look: Look, table: Table, line: Timeline, unit: str, legend: str = "center left") -> None:
    """Each class on top of the one before, those that sold below zero."""
    classes = _classes(table, once=True)
    shown, level = fitted(ax, table, dict.fromkeys(CLASSES, "sum"))
    over = on(line, shown, level)
    x, width = over.at(shown.when), over.bar
    tops, bottoms, handles = np.zeros(len(x)), np.zeros(len(x)), []
    for name, colour in zip(classes, _colours(look, classes), strict=True):
        values = np.nan_to_num(shown[name])
        bars(ax, x, values, colour, width, base=np.where(values >= 0, tops, bottoms), zorder=2)
        tops, bottoms = tops + np.clip(values, 0, None), bottoms + np.clip(values, None, 0)
        handles.append(Patch(color=colour, label=look.say(name)))
    ax.axhline(0, color=look.faint, linewidth=0.8, zorder=2.5, label="_zero")
    y_limits(ax, tops, bottoms, np.zeros(1))
    count_axis(ax, Amounts(look.locale), 6)
    ax.set_ylabel(look.label(period(level), unit))
    if legend == "above":
        put_legend(ax, handles, len(handles), fontsize=7.5)
    else:
        ax.legend(handles=handles, loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8.5)


def class_panels(table: Table) -> list[Panel]:
    """The stacked classes as a part of a page."""
    unit = table.only("flow_unit") or "unknown"

    def draw(ax: Axes, look: Look, table: Table, line: Timeline) -> None:
        _bars(ax, look, table, line, unit, legend="above")

    return [Panel("classes", 2.0, draw)]


def _colours(look: Look, classes: Sequence[str]) -> list[str]:
    """Far apart for the classes, and shades of one colour for the parts of 기관."""
    own = {"individual": 0, "institution": 1, "foreign": 2, "other_corporation": 3, "domestic_foreigner": 4}
    parts = [name for name in classes if name in PARTS]
    shades = LinearSegmentedColormap.from_list("parts", [look.ink, look.nth(1), look.paper])
    at = dict(zip(parts, np.linspace(0.25, 0.85, len(parts)), strict=True))
    return [look.nth(own[name]) if name in own else to_hex(shades(at[name])) for name in classes]


def _entitle(ax: Axes, look: Look, table: Table, measure: tuple[str, str], *more: str) -> None:
    what, unit = measure
    told = (table.heading, look.say("by_class"), what, f"({look.say(unit)})")
    look.entitle(ax, " ".join(filter(None, told)), *more)
