"""The exchange's arithmetic: price steps, daily limits, direction signs. Whole won, no floats.

A name in the plural is the same rule for a whole column.
"""

from __future__ import annotations

from bisect import bisect_right

import polars as pl

__all__ = [
    "ceil_to_tick",
    "direction",
    "floor_to_tick",
    "ladder",
    "limits_of_prices",
    "nearest_tick",
    "nearest_ticks",
    "price_limits",
    "rate",
    "step_down",
    "step_up",
    "tick_size",
    "tick_sizes",
]

# The table in force since 2023-01-25, used for all days: below 2,000 won the step is 1, and so on.
_BELOW = (2_000, 5_000, 20_000, 50_000, 200_000, 500_000)
_STEPS = (1, 5, 10, 50, 100, 500, 1_000)


def tick_size(price: int) -> int:
    """The price step at ``price``. Each step of the table divides the next one."""
    return _STEPS[bisect_right(_BELOW, price)]


def tick_sizes(prices: pl.Series) -> pl.Series:
    below, steps = pl.Series(_BELOW, dtype=pl.Float64), pl.Series(_STEPS, dtype=pl.Int64)
    return steps.gather(below.search_sorted(prices.cast(pl.Float64), side="right"))


def floor_to_tick(price: float) -> int:
    """The highest valid price that is not above ``price``."""
    whole = int(price)
    return whole - whole % tick_size(whole)


def ceil_to_tick(price: float) -> int:
    """The lowest valid price that is not below ``price``."""
    whole = -int(-price // 1)
    return whole + -whole % tick_size(whole)


def nearest_tick(price: float) -> int:
    """The valid price nearest to ``price``."""
    whole = int(price + _STEPS[bisect_right(_BELOW, price)] / 2)
    return whole - whole % _STEPS[bisect_right(_BELOW, whole)]


def nearest_ticks(prices: pl.Series) -> pl.Series:
    whole = (prices + tick_sizes(prices) / 2).cast(pl.Int64)
    return whole - whole % tick_sizes(whole)


def step_up(price: int) -> int:
    """The next valid price above a valid ``price``."""
    return price + tick_size(price)


def step_down(price: int) -> int:
    """The next valid price below a valid ``price``."""
    return price - tick_size(price - 1)


def ladder(low: int, high: int) -> list[int]:
    """Every valid price from ``low`` to ``high``, both valid and inclusive, ascending."""
    prices = [low]
    while prices[-1] < high:
        prices.append(step_up(prices[-1]))
    return prices


def price_limits(previous_close: int) -> tuple[int, int]:
    """The highest and the lowest price of a day: 30 % from the close before, rounded inwards."""
    return floor_to_tick(previous_close * 13 // 10), ceil_to_tick(-(-previous_close * 7 // 10))


def limits_of_prices(previous_closes: pl.Series) -> tuple[pl.Series, pl.Series]:
    up, down = previous_closes * 13 // 10, -(-previous_closes * 7 // 10)
    return up - up % tick_sizes(up), down + -down % tick_sizes(down)


def direction(price: int, previous_close: int) -> int:
    """How a price stands to the close before: 1 limit up, 2 up, 3 flat, 4 limit down, 5 down."""
    if price == previous_close:
        return 3
    up, down = price_limits(previous_close)
    if price > previous_close:
        return 1 if price >= up else 2
    return 4 if price <= down else 5


def rate(part: float, whole: float) -> float:
    """``part`` in percent of ``whole``, to two decimals; 0 of nothing."""
    return round(100 * part / whole, 2) if whole else 0.0
