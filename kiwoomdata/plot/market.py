"""The market at a glance: ranked stocks, and its sectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from kiwoomdata.origin import attached
from kiwoomdata.plot.cells import draw_cells
from kiwoomdata.plot.numbers import Amounts, Plain, amount, count_axis, plain, won
from kiwoomdata.plot.style import Look, Style
from kiwoomdata.plot.table import read, undrawable
from kiwoomdata.plot.words import MARKETS, WORDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["movers", "sectors"]

_MOVE = "change_pct"
_FLOWS = ("individual", "foreign", "institution")


def movers(
    frame: Any, by: str = _MOVE, top: int = 20, ax: Axes | None = None, **style: Unpack[Style]
) -> Axes:
    """Ranked stocks as bars, each with its number and its price.

    The largest stands at the top, or the smallest where none is above zero, as with those that fell.

    Parameters
    ----------
    frame
        What :func:`kiwoomdata.movers`, or another ranking, gives: ``symbol`` or ``name``, the column ``by``,
        and ``price`` where it is there.
    by
        The column that the bars show. Its unit is that of the frame's provenance.
    top
        How many stocks.
    ax, **style
        As in :func:`candles`. Numbers above zero have the colour of up, those below that of down; of a
        column that has no sign, all bars have one colour.

    Returns
    -------
    Axes
        Of the bars.

    Raises
    ------
    ValueError
        A column is missing, there are no rows, or no numbers.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import kiwoomdata as kd; kd.use("simulator")
    >>> ax = kd.plot.movers(kd.movers("kospi"), top=10)
    >>> len(ax.get_yticks()), ax.get_xlabel()
    (10, '등락률 (%)')
    """
    if not isinstance(top, int) or top < 1:
        raise ValueError(f"top: expected a whole number of at least 1, got {top!r}")
    table = read(
        frame,
        "movers",
        needs=(by,),
        may=("price", "close"),
        texts=("market", "date"),
        sources=("ka10027",),
        timed=False,
        one_symbol=False,
    )
    if not {"name", "symbol"} & table.texts.keys():
        raise undrawable("movers", f"symbol or name, and {by}", "no stock is named")
    look, source = Look.of(ax, style), attached(frame)
    units = source.units if source else {}
    unit = "%" if by.endswith("_pct") else units.get(by, "unknown")
    numbers = table[by]
    rank = np.argsort(-numbers if (numbers > 0).any() else numbers, kind="stable")[
        :top
    ].tolist()  # nulls last
    values = numbers[rank]
    with look.drawing(ax, (7.6, 1.2 + 0.3 * len(values))) as place:
        look.dress(place, side="left", grid=False)
        place.grid(True, axis="x")
        signed = bool((values < 0).any()) or by == _MOVE
        y = np.arange(len(values))
        place.barh(
            y, np.nan_to_num(values), height=0.66, color=look.by_sign(values) if signed else look.nth(3)
        )
        longest = float(np.nanmax(np.abs(values))) or 1.0
        place.set_xlim(-1.3 * longest if (values < 0).any() else 0, 1.45 * longest)
        place.set_ylim(len(values) - 0.4, -0.6)
        place.axvline(0, color=look.faint, linewidth=0.8)
        place.set_yticks(y, [table.named(i) for i in rank])
        place.tick_params(axis="y", labelcolor=look.ink)
        prices = next((table[name] for name in ("price", "close") if name in table), None)
        for i, value in enumerate(values):
            told = [_written(value, unit, look, sign=signed)]
            if prices is not None and np.isfinite(prices[rank[i]]):
                told.append(won(prices[rank[i]]))
            place.annotate(
                "  ".join(told),
                (max(value, 0) if np.isfinite(value) else 0, i),
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
                fontsize=8.5,
                color=look.ink,
            )
        count_axis(place, Plain() if unit == "%" else Amounts(look.locale), 5, axis="x")
        word = look.say(by) if by in WORDS else by
        place.set_xlabel(f"{word} ({look.say(unit) if unit in WORDS else unit})")
        market, day = MARKETS.get(table.shared("market"), ""), table.shared("date")[:10]
        look.entitle(place, look.say("ranking").format(by=word), market, day)
    return place


def _written(value: float, unit: str, look: Look, *, sign: bool) -> str:
    if not np.isfinite(value):
        return "–"
    text = f"{plain(value)}%" if unit == "%" else amount(value, look.locale)
    return f"+{text}" if sign and value > 0 else text


def sectors(frame: Any, top: int | None = None, ax: Axes | None = None, **style: Unpack[Style]) -> Axes:
    """Sectors as a heat map: how far each moved, and who bought it; the strongest move at the top.

    Moves have one scale and flows another, which all classes share, so colours can be compared from row to
    row and from class to class.

    Parameters
    ----------
    frame
        What :func:`kiwoomdata.sector_flows` or :func:`kiwoomdata.sector_indices` gives: ``name``,
        ``change_pct``, and where they are there ``individual foreign institution`` and ``flow_unit``.
    top
        How many sectors, those that moved furthest either way; left out, all of them.
    ax, **style
        As in :func:`candles`.

    Returns
    -------
    Axes
        Of the table.

    Raises
    ------
    ValueError
        A column is missing, there are no rows, or no numbers.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import kiwoomdata as kd; kd.use("simulator")
    >>> ax = kd.plot.sectors(kd.sector_flows("2024-12-30"))
    >>> [label.get_text() for label in ax.get_xticklabels()], ax.get_title("left")
    (['등락률 (%)', '개인', '외국인', '기관'], '업종별 등락과 순매수 (원) · KOSPI · 2024-12-30')
    """
    if top is not None and (not isinstance(top, int) or top < 1):
        raise ValueError(f"top: expected a whole number of at least 1, got {top!r}")
    table = read(
        frame,
        "sectors",
        needs=(_MOVE,),
        may=_FLOWS,
        texts=("sector", "flow_unit", "market", "date"),
        sources=("ka10051", "ka20003"),
        timed=False,
        one_symbol=False,
    )
    names = table.texts.get("name") or table.texts.get("sector")
    if names is None:
        raise undrawable("sectors", f"name, {_MOVE}", "no sector is named")
    moves = np.nan_to_num(table[_MOVE])
    kept = np.argsort(-np.abs(moves), kind="stable")[:top]
    kept = kept[np.argsort(-moves[kept], kind="stable")]
    classes = [name for name in _FLOWS if name in table and np.isfinite(table[name]).any()]
    unit = table.only("flow_unit") or "unknown"
    flows = np.stack([table[name][kept] for name in classes], axis=1) if classes else np.empty((len(kept), 0))
    look = Look.of(ax, style)
    with look.drawing(ax, (2.6 + 1.1 * (1 + len(classes)), 1.0 + 0.33 * len(kept))) as place:
        moved = table[_MOVE][kept][:, None]
        shares = np.hstack([_share(moved), _share(flows)])
        texts = [
            [_written(move, "%", look, sign=True), *(_written(value, unit, look, sign=True) for value in row)]
            for move, row in zip(moved[:, 0], flows, strict=True)
        ]
        heads = [look.label(_MOVE, "%"), *(look.say(name) for name in classes)]
        draw_cells(
            place, look, shares, texts, [names[i] or "" for i in kept], heads, apart=[1] * bool(classes)
        )
        word = f"{look.say('sector_flows')} ({look.say(unit)})" if classes else look.say("sector_moves")
        look.entitle(place, word, MARKETS.get(table.shared("market"), ""), table.shared("date")[:10])
    return place


def _share(values: Any) -> Any:
    """Of the largest one, whichever sign it has."""
    most = np.abs(np.nan_to_num(values)).max(initial=0.0)
    return values / most if most > 0 else values
