"""The axis of time: trading days without holes, and the hours of one day, in Seoul."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.ticker import Formatter, Locator
from numpy.typing import NDArray

from kiwoomdata.plot.table import Floats, Moments

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from kiwoomdata.plot.style import Look

__all__ = ["Spacing", "Timeline"]

_MOST_NIGHTS = 40
_MINUTE, _DAY = np.timedelta64(1, "m"), np.timedelta64(1, "D")


class Spacing(NamedTuple):
    """How far apart ticks stand: every so many years, months, weeks, days or minutes."""

    unit: str
    every: int

    def period(self, moments: Moments) -> NDArray[np.int64]:
        """The number of the period that each moment lies in."""
        if self.unit in "YMD":
            return np.asarray(moments.astype(f"datetime64[{self.unit}]").astype(np.int64) // self.every)
        if self.unit == "W":  # day 0 was a Thursday, and weeks start on Monday
            return np.asarray((moments.astype("datetime64[D]").astype(np.int64) + 3) // (7 * self.every))
        return np.asarray(moments.astype("datetime64[m]").astype(np.int64) // self.every)


_SPACINGS = tuple(
    Spacing(unit, every)
    for unit, steps in (("Y", (10, 5, 2, 1)), ("M", (6, 3, 2, 1)), ("W", (2, 1)), ("D", (1,)))
    for every in steps
)
_CLOCK_SPACINGS = tuple(Spacing("m", every) for every in (240, 120, 60, 30, 20, 10, 5, 2, 1))


class Timeline:
    """Where on the x axis a moment stands.

    Days, and times of several days, stand side by side: 0, 1, 2 …, so that nights, weekends and
    holidays take no room. Times of one day stand at their minute, so that silence is seen.
    """

    def __init__(self, moments: Moments, *, dated: bool = True) -> None:
        self.moments = np.unique(moments)
        self._spacing: Spacing | None = None
        self._periods = np.array([], dtype=np.int64)
        days = self.moments.astype("datetime64[D]")
        self.dated = dated
        self.daily = bool((self.moments == days).all()) and dated
        self.clock = not self.daily and days[0] == days[-1]
        self.places = self._minutes(self.moments) if self.clock else np.arange(float(len(self.moments)))

    def _minutes(self, moments: Moments) -> Floats:
        return np.asarray((moments - moments.astype("datetime64[D]")) / _MINUTE, dtype=np.float64)

    def at(self, moments: Moments) -> Floats:
        """The x of moments that the timeline was made of, or of the middle of their periods."""
        if self.clock:
            return self._minutes(moments)
        if self._spacing is not None:
            first, after = self._spans(self._spacing.period(moments))
            return (first + after - 1) / 2
        return np.searchsorted(self.moments, moments).astype(np.float64)

    def every(self, spacing: Spacing, moments: Moments) -> Timeline:
        """The same axis for bars of the periods of ``moments``, such as weeks: each over all of its days."""
        fewer = copy(self)
        fewer._spacing, fewer._periods = spacing, spacing.period(moments)
        return fewer

    def _spans(self, periods: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The first place of each period, and the one after its last."""
        assert self._spacing is not None
        every = self._spacing.period(self.moments)
        return np.searchsorted(every, periods), np.searchsorted(every, periods, side="right")

    @property
    def step(self) -> float:
        """The least distance of two neighbours."""
        return float(np.diff(self.places).min()) if len(self.places) > 1 else 1.0

    @property
    def room(self) -> float | Floats:
        """How wide a bar may be: as neighbours are apart, or each as the days of its period."""
        if self._spacing is None:
            return self.step
        first, after = self._spans(self._periods)
        return (after - first).astype(np.float64)

    @property
    def bar(self) -> float | Floats:
        """How wide a bar is: slimmer where there are few, so that five days do not look like walls."""
        return 0.66 * self.room * float(np.clip(len(self.places) / 12, 0.25, 1.0))

    @property
    def limits(self) -> tuple[float, float]:
        room = max(0.7 * self.step, 0.012 * (self.places[-1] - self.places[0]))
        return float(self.places[0] - room), float(self.places[-1] + room)

    @property
    def nights(self) -> Floats:
        """Between the last moment of a day and the first of the next, where nights take no room."""
        if self.daily or self.clock:
            return np.array([])
        days = self.moments.astype("datetime64[D]")
        return np.flatnonzero(days[1:] > days[:-1]).astype(np.float64) + 0.5

    def mark_nights(self, ax: Axes, look: Look) -> None:
        """A line where a session ends and the next begins, unless there would be a thicket of them."""
        if 0 < len(self.nights) <= _MOST_NIGHTS:
            lines = ax.vlines(self.nights, 0, 1, transform=ax.get_xaxis_transform())
            lines.set(color=look.faint, linewidth=0.8, alpha=0.4, zorder=0.5, label="night")

    def put_on(self, ax: Axes, look: Look) -> None:
        """Let the x axis of ``ax`` be this timeline."""
        locator = _Ticks(self)
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(_Labels(locator, look))
        ax.set_xlim(*self.limits)

    def when(self, x: float) -> datetime:
        """The moment that stands at ``x``, or nearest to it."""
        if self.clock:
            day = self.moments[0].astype("datetime64[D]")
            moment = day.astype("datetime64[s]") + np.timedelta64(round(x * 60), "s")
        else:
            moment = self.moments[int(np.clip(round(x), 0, len(self.moments) - 1))]
        return moment.astype("datetime64[us]").item()  # type: ignore[no-any-return]


class _Ticks(Locator):
    """Ticks where a year, month, week, day or hour begins: the finest that has room."""

    def __init__(self, line: Timeline) -> None:
        self._line = line
        self.spacing = _SPACINGS[0]

    def __call__(self) -> Sequence[float]:
        assert self.axis is not None
        low, high = sorted(self.axis.get_view_interval())
        # get_tick_space counts room for short numbers; a date with its year takes about twice that.
        most = int(np.clip(self.axis.get_tick_space() * 0.55, 2, 14))
        return self.between(float(low), float(high), most).tolist()  # type: ignore[no-any-return]

    def between(self, low: float, high: float, most: int) -> Floats:
        """Where the ticks stand from ``low`` to ``high``, if there may be so many at most."""
        line = self._line
        if line.clock:
            return self._clock_ticks(low, high, most)
        shown = np.flatnonzero((line.places >= low) & (line.places <= high))
        if not len(shown):
            return np.array([])
        spacings = _SPACINGS if line.daily else (*_SPACINGS, *_CLOCK_SPACINGS)
        ticks = shown[:1]
        for spacing in spacings:
            begins = self._begins(spacing, shown)
            if len(begins) > most:
                break
            if len(begins) >= len(ticks):
                ticks, self.spacing = begins, spacing
        return ticks.astype(np.float64)

    def _begins(self, spacing: Spacing, shown: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows that start a period. The first row of all does, unless the next tick is too near."""
        periods = spacing.period(self._line.moments[max(0, shown[0] - 1) : shown[-1] + 1])
        begins: NDArray[np.int64] = np.flatnonzero(np.diff(periods)) + 1 + max(0, shown[0] - 1)
        if shown[0] == 0:
            typical = float(np.median(np.diff(begins))) if len(begins) > 1 else len(shown) / 2
            if not len(begins) or begins[0] >= 0.6 * typical:
                begins = np.concatenate([[0], begins])
        return begins if spacing.unit in "YMWD" else self._apart(begins)

    def _apart(self, begins: NDArray[np.int64]) -> NDArray[np.int64]:
        """Without hours that are too near to the day that follows or precedes them."""
        if len(begins) < 3:
            return begins
        days = self._line.moments[begins].astype("datetime64[D]")
        first = np.append(True, days[1:] > days[:-1])
        near = np.diff(begins) < 0.6 * np.median(np.diff(begins))
        crowded = (np.append(near, False) & np.append(first[1:], False)) | np.append(False, near)
        kept: NDArray[np.int64] = begins[first | ~crowded]
        return kept

    def _clock_ticks(self, low: float, high: float, most: int) -> Floats:
        steps = [spacing for spacing in _CLOCK_SPACINGS if (high - low) / spacing.every <= most] or [
            _CLOCK_SPACINGS[0]
        ]
        self.spacing = steps[-1]
        first, last = np.ceil(low / self.spacing.every), np.floor(high / self.spacing.every)
        return np.arange(first, last + 1) * float(self.spacing.every)


class _Labels(Formatter):
    """Month, day or minute, and on a second line what they belong to, where that begins."""

    def __init__(self, ticks: _Ticks, look: Look) -> None:
        self._ticks, self._look = ticks, look

    def __call__(self, x: float, pos: int | None = None) -> str:
        """The whole moment, for the cursor."""
        line = self._ticks._line
        moment = line.when(x)
        if line.daily:
            return f"{moment:%Y-%m-%d}"
        return f"{moment:%Y-%m-%d %H:%M:%S}" if line.dated else f"{moment:%H:%M:%S}"

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        labels, before = [], ""
        for value in values:
            moment = self._ticks._line.when(value)
            label, beside = self._parts(moment)
            labels.append(f"{label}\n{beside}" if beside != before else label)
            before = beside
        return labels

    def _parts(self, moment: datetime) -> tuple[str, str]:
        korean, unit = self._look.locale == "ko", self._ticks.spacing.unit
        year = f"{moment:%Y}"
        day = f"{moment.month}/{moment.day}" if korean else f"{moment.day} {_MONTHS[moment.month - 1]}"
        if unit == "Y":
            return year, ""
        if unit == "M":
            return (f"{moment.month}월" if korean else _MONTHS[moment.month - 1]), year
        if unit in "WD":
            return day, year
        return f"{moment:%H:%M}", day if self._ticks._line.dated else ""


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
