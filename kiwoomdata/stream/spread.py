"""Which connection is to hold which item. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kiwoomdata.stream.lanes import Key
from kiwoomdata.stream.session import Session

__all__ = ["Share", "overfull", "spread_items"]

Share = list[tuple[list[str], list[str]]]
"""Types and items to register together."""


def spread_items(sessions: Sequence[Session], items: Mapping[str, Sequence[str]]) -> list[Share]:
    """What each session is to register: an item where it is already, else where there is room.

    Raises
    ------
    ValueError
        Where there is no room for all. Nothing has been asked of the sessions then.
    """
    held = [dict.fromkeys(item for _, item, _ in session.wanted) for session in sessions]
    home = {item: n for n, mine in enumerate(held) for item in mine}
    room = [max(0, session.max_items - len(mine)) for session, mine in zip(sessions, held, strict=True)]
    new = [
        item for item in dict.fromkeys(item for some in items.values() for item in some) if item not in home
    ]
    if len(new) > sum(room):
        holds = sum(session.max_items for session in sessions)
        many = f"{len(sessions)} connections" if len(sessions) > 1 else "one connection"
        raise ValueError(
            f"symbols: {len(new)} more on top of {len(home)} are more than the {holds} items that {many} may "
            "hold, whatever their feeds; nothing was sent. Ask for fewer, unsubscribe some first, or pass "
            "connections= where the server allows several for one key"
        )
    places = (n for n, free in enumerate(room) for _ in range(free))
    home |= dict(zip(new, places, strict=False))
    shares: list[Share] = []
    for n in range(len(sessions)):
        together: dict[tuple[str, ...], list[str]] = {}
        for type_, some in items.items():
            mine = tuple(item for item in some if home[item] == n)
            if mine:
                together.setdefault(mine, []).append(type_)
        shares.append([(types, list(mine)) for mine, types in together.items()])
    return shares


def overfull(sessions: Sequence[Session], home: Session) -> list[Key]:
    """What a session was refused and has no room for, where the others have room for all of it."""
    held = {id(each): dict.fromkeys(item for _, item, _ in each.wanted) for each in sessions}
    free = sum(max(0, each.max_items - len(held[id(each)])) for each in sessions if each is not home)
    granted = {item for _, item, _ in home.registered}
    new = list(dict.fromkeys(item for _, item, _ in home.refused if item not in granted))
    over = len(held[id(home)]) - home.max_items
    moved = {*new[-over:]} if 0 < over <= min(free, len(new)) else set()
    return [key for key in home.wanted if key[1] in moved]
