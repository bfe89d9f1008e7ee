"""Which connection is to hold which item. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kiwoomdata.stream.session import Session

__all__ = ["Share", "spread_items"]

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
    room = [session.max_items - len(mine) for session, mine in zip(sessions, held, strict=True)]
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
