"""Who bought and who sold: the investor classes of one stock on one day.

Every share has one buyer and one seller, so over all classes the bought shares are the volume, the
sold shares are the volume, and the nets are zero; the same holds for the money, to the won.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

__all__ = [
    "INSTITUTION_PARTS",
    "INVESTORS",
    "NO_FLOWS",
    "Flows",
    "Sides",
    "apart",
    "flows_of",
    "split_volume",
]


class Sides(NamedTuple):
    """What one party bought and sold, in shares and in won."""

    buy: int = 0
    sell: int = 0
    buy_amount: int = 0
    sell_amount: int = 0

    @property
    def net(self) -> int:
        return self.buy - self.sell

    @property
    def net_amount(self) -> int:
        return self.buy_amount - self.sell_amount

    def plus(self, other: Sides) -> Sides:
        return Sides(*(mine + its for mine, its in zip(self, other, strict=True)))

    def shares_times(self, ratio: int) -> Sides:
        return Sides(self.buy * ratio, self.sell * ratio, self.buy_amount, self.sell_amount)


class Flows(NamedTuple):
    """One row of investor flows. ``other_corporation`` holds domestic foreigners too: :func:`apart`."""

    individual: Sides = Sides()
    foreign: Sides = Sides()
    financial_investment: Sides = Sides()
    insurance: Sides = Sides()
    investment_trust: Sides = Sides()
    other_financial: Sides = Sides()
    bank: Sides = Sides()
    pension: Sides = Sides()
    private_fund: Sides = Sides()
    nation: Sides = Sides()
    other_corporation: Sides = Sides()

    @property
    def institution(self) -> Sides:
        """The sum of its eight parts."""
        return Sides(*map(sum, zip(*self[2:10], strict=True)))

    def of(self, investor: str) -> Sides:
        """The sides of one class by its name, ``institution`` among them."""
        sides: Sides = getattr(self, investor)
        return sides

    def plus(self, other: Flows) -> Flows:
        return Flows(*(mine.plus(its) for mine, its in zip(self, other, strict=True)))


INVESTORS = Flows._fields
INSTITUTION_PARTS = INVESTORS[2:10]
NO_FLOWS = Flows()

# The usual part of the volume, class by class after individual and foreign.
_PARTS = (0.060, 0.010, 0.030, 0.002, 0.003, 0.050, 0.030, 0.001, 0.010)


def apart(both: int) -> tuple[int, int]:
    """What other corporations and what domestic foreigners have of ``other_corporation``: here a third."""
    return both - both // 3, both // 3


def split_volume(
    rng: Random, volume: int, foreign_buy: int, foreign_sell: int
) -> tuple[list[int], list[int]]:
    """Bought and sold shares of every class, in the order of ``INVESTORS``."""
    bought, sold = [0, foreign_buy], [0, foreign_sell]
    draw = rng.random
    for part in _PARTS:
        size = volume * part * (0.6 + 0.8 * draw())
        lean = 0.8 * draw() - 0.4
        bought.append(int(size * (1 + lean)))
        sold.append(int(size * (1 - lean)))
    bought[0] = volume - sum(bought)  # individuals are the other side of everybody
    sold[0] = volume - sum(sold)
    return bought, sold


def flows_of(bought: list[int], sold: list[int], volume: int, value: int) -> Flows:
    """Flows at the day's average price; individuals carry what rounding leaves."""
    if not volume:
        return NO_FLOWS
    paid = [shares * value // volume for shares in bought]
    earned = [shares * value // volume for shares in sold]
    paid[0] += value - sum(paid)
    earned[0] += value - sum(earned)
    return Flows(*map(Sides, bought, sold, paid, earned))
