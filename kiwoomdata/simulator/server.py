"""The simulator as one thing to start, look at and end: its market, its two sides, its faults.

The REST side runs at once; the live side is a server of its own, beside it, that starts when somebody
asks for its address.
"""

from __future__ import annotations

import atexit
import ipaddress
import os
import threading
import time as _time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import date, datetime, time
from types import TracebackType
from typing import TYPE_CHECKING, Any

from kiwoomdata.calendar import KST, last_trading_day, now_kst
from kiwoomdata.simulator.live.faults import LIVE_FAULTS
from kiwoomdata.simulator.market.market import Market
from kiwoomdata.simulator.rest.faults import FAULTS, Fault
from kiwoomdata.simulator.rest.gatekeeper import DEFAULT_KEYS, Tokens
from kiwoomdata.simulator.rest.http import PATIENCE, Http
from kiwoomdata.simulator.rest.service import Log, Service
from kiwoomdata.simulator.switches import (
    AfterDay,
    Duplicate,
    Empty,
    Mode,
    Pace,
    Reissue,
    Switches,
    TokenType,
    Wording,
)

if TYPE_CHECKING:
    from kiwoomdata.simulator.live.server import LiveSide

__all__ = ["Server", "start"]

AFTER_CLOSE = time(18, 30)
"""When a market stands that is given no time of day."""
_AFTER_ALL = time(20, 30)  # when a market without a time of its own stands: after the second venue's close


class Server:
    """A running simulator. Made by :func:`start`; ends with its ``with`` block or with :meth:`close`."""

    def __init__(
        self,
        service: Service,
        *,
        host: str,
        port: int,
        app_key: str,
        app_secret: str,
        now: Callable[[], datetime],
        timer: Callable[[], float],
        latency: float,
        ws_port: int,
    ) -> None:
        self.app_key, self.app_secret = app_key, app_secret
        self.resources = ExitStack()
        """What is closed with the server."""
        self.service = service
        self._now, self._timer = now, timer
        self._live: LiveSide | None = None
        self._ws_place = host, ws_port
        self._closing = threading.Lock()
        self._running = True
        self._pid = os.getpid()
        self._http = Http((host, port), service, latency)
        shown = f"[{host}]" if ":" in host else host
        self.base_url = f"http://{shown}:{self._http.server_address[1]}"
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, name="simulator", daemon=True
        )
        self._thread.start()
        atexit.register(self.close)

    def __repr__(self) -> str:
        return f"<simulator at {self.base_url}{'' if self.running else ', closed'}>"

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # What it is

    @property
    def market(self) -> Market:
        """The market that answers; its ``now`` may be set, to let a day go by."""
        return self.service.market

    @property
    def seed(self) -> int:
        return self.market.seed

    @property
    def today(self) -> date:
        """The market's day."""
        return self.market.today

    def now(self) -> datetime:
        """The server's time in Seoul, by which tokens end: the real time, unless a moment was chosen."""
        return self._now()

    @property
    def running(self) -> bool:
        """Whether it answers. In a forked child it never does: its threads are the parent's."""
        return self._running and os.getpid() == self._pid

    @property
    def log(self) -> Log:
        """The requests so far, oldest first: ``.count(api_id)`` and ``.clear()`` beside the records."""
        return self.service.log

    def add_key(self, name: str) -> tuple[str, str]:
        """One more app key and its secret, made of a name; each key has a quota of its own."""
        key, secret = f"{self.app_key}-{name}", f"{self.app_secret}-{name}"
        self.service.tokens.secrets[key] = secret
        return key, secret

    # The live side

    @property
    def live(self) -> LiveSide:
        """The live side, which starts when it is asked for the first time."""
        # With the WebSocket library, which REST needs not.
        from kiwoomdata.simulator.live.server import LiveSide

        with self._closing:
            if self._live is None:
                if not self._running:
                    raise RuntimeError("live: this simulator is closed; start another")
                host, port = self._ws_place
                self._live = LiveSide(self.service, host=host, port=port, now=self._now, timer=self._timer)
                self.resources.callback(self._live.close)
            return self._live

    @property
    def ws_url(self) -> str:
        """The address of :attr:`live`."""
        return self.live.ws_url

    # Faults

    @property
    def faults(self) -> tuple[str, ...]:
        """The names that :meth:`inject` takes; ``ws_`` begins those of the live side."""
        return (*FAULTS, *LIVE_FAULTS)

    def inject(
        self, name: str, api_id: str | None = None, times: int | None = 1, after: int = 0, **options: Any
    ) -> Fault:
        """Turn on a fault for the next requests.

        Parameters
        ----------
        name
            One of :attr:`faults`; :data:`kiwoomdata.simulator.FAULTS` and
            :data:`kiwoomdata.simulator.LIVE_FAULTS` say what each does.
        api_id
            The TR whose requests it strikes, ``"au10001"`` and ``"au10002"`` for tokens among them.
            Left out: all market data TRs, but no token requests. On the live side a ``trnm`` such as
            ``"REMOVE"`` for faults of requests, a feed's code such as ``"0B"`` for those of frames.
        times
            How many requests it strikes; ``None``: all of them.
        after
            How many requests it lets pass first. On the live side these are logins, other requests or
            frames of ticks, as the fault's ``strikes`` says; and what needs no frame (``at_once``)
            strikes those who are logged in at once, unless ``after`` or ``api_id`` is given.
        **options
            What the fault takes, such as ``seconds=`` or ``code=``.

        Returns
        -------
        Fault
            ``.fired`` counts the requests that it has struck.
        """
        if name.startswith("ws_"):
            return self.live.inject(name, api_id, times, after, options)
        return self.service.faults.inject(name, api_id, times, after, options)

    def clear_faults(self) -> None:
        """Turn all faults off."""
        self.service.faults.clear()
        if self._live is not None:
            self._live.clear_faults()

    # The end

    def close(self) -> None:
        """Stop answering, close all connections and end all threads. A second time does nothing.

        In a forked child it does nothing either: the server is the parent's, and so are its threads.
        """
        if os.getpid() != self._pid:
            return
        with self._closing:
            if not self._running:
                return
            self._running = False
            atexit.unregister(self.close)
            self.resources.close()
            self._http.end()
            self._thread.join(PATIENCE)


def start(
    seed: int = 1,
    *,
    today: date | None = None,
    now: time | None = None,
    port: int = 0,
    host: str = "127.0.0.1",
    mode: Mode = "real",
    rate: str | None = "default",
    token_reissue: Reissue = "same",  # noqa: S107
    token_type: TokenType = "Bearer",  # noqa: S107
    message_1700: Wording = "new",
    ignore_program_date: bool = True,
    intraday_at_any_hour: bool = False,
    rebased: bool = False,
    page_rows: int = 100,
    token_life: float = 86_400.0,
    latency: float = 0.0,
    ws_port: int = 0,
    pace: Pace = 60.0,
    after_day: AfterDay = "default",
    last_word: bool = True,
    frame_rate: float | None = None,
    duplicate_ws: Duplicate = "kick",
    ping_interval: float | None = 10.0,
    ping_miss_limit: int = 5,
    login_wait: float = 30.0,
    ws_item_limit: int = 200,
    ws_group_limit: int | None = None,
    ws_rate: str | None = "5/s",
    empty_conditions: Empty = "list",
    app_key: str | None = None,
    app_secret: str | None = None,
    market: Market | None = None,
    clock: Callable[[], datetime] | None = None,
    timer: Callable[[], float] = _time.monotonic,
) -> Server:
    """Start a simulator of the vendor's servers on this machine.

    REST is served at once, the live side once :attr:`Server.ws_url` is asked for. With the first
    registration it begins to play the market's day from the open, sixty times as fast as it was unless
    ``pace`` says otherwise, and as fast for everybody, whatever is registered. At ``pace="max"`` it plays
    all of the day, and the ticks add up to what REST has said all along. When the day is over, the market
    goes on to the next one, REST with it, unless ``after_day`` says otherwise; ``server.live.rewind()``
    begins a day again.

    Parameters
    ----------
    seed
        The market's; the same seed on the same day gives the same answers, byte for byte.
    today, now
        The day (and time of day) at which market and server stand still. Left out: the market stands
        after the close of the latest session, and the server's clock is the real one.
    port, host
        ``port=0`` takes a free one. Loopback addresses alone are taken.
    mode
        ``"mock"`` serves KRX only, at one request per second.
    rate
        The limit for each app key and TR: ``"5/s"``, ``"1/s"``, ``"1/s burst 2"``, ``None`` for none;
        ``"default"`` is that of the mode.
    token_reissue, token_type, message_1700, ignore_program_date, intraday_at_any_hour, rebased, page_rows, \
token_life, latency
        See :class:`kiwoomdata.simulator.Switches`.
    ws_port
        The live side's port; 0 takes a free one.
    pace, after_day, last_word, frame_rate, duplicate_ws, ping_interval, ping_miss_limit, login_wait, \
ws_item_limit, ws_group_limit, ws_rate, empty_conditions
        Of the live side: see :class:`kiwoomdata.simulator.Switches`. ``server.live.pace`` and
        ``server.live.rate`` may be set while it runs.
    app_key, app_secret
        The pair that tokens are issued for; there is one by default. :meth:`Server.add_key` adds others.
    market
        A market of your own, in place of ``seed``, ``today`` and ``now``. It keeps its day; what the live
        side goes on to is another one, :attr:`Server.market` by then.
    clock, timer
        The server's time of day, and the seconds by which requests are counted and the day is played.

    Returns
    -------
    Server
        Running. Use it in a ``with`` block, or close it.

    Examples
    --------
    >>> from datetime import date
    >>> from kiwoomdata import simulator
    >>> with simulator.start(seed=1, today=date(2026, 11, 20)) as server:
    ...     server.now().isoformat(), server.log.count()
    ('2026-11-20T18:30:00+09:00', 0)
    """
    switches = Switches(
        mode=mode,
        rate=rate,
        token_reissue=token_reissue,
        token_type=token_type,
        message_1700=message_1700,
        token_life=token_life,
        ignore_program_date=ignore_program_date,
        intraday_at_any_hour=intraday_at_any_hour,
        rebased=rebased,
        page_rows=page_rows,
        latency=latency,
        pace=pace,
        after_day=after_day,
        last_word=last_word,
        frame_rate=frame_rate,
        duplicate_ws=duplicate_ws,
        ping_interval=ping_interval,
        ping_miss_limit=ping_miss_limit,
        login_wait=login_wait,
        ws_item_limit=ws_item_limit,
        ws_group_limit=ws_group_limit,
        ws_rate=ws_rate,
        empty_conditions=empty_conditions,
    )
    _check_host(host)
    if market is not None and (today is not None or now is not None):
        raise ValueError("market, today, now: a market has its own day; give it or the day, not both")
    if (app_key is None) != (app_secret is None):
        raise ValueError("app_key, app_secret: give both, or neither for the simulator's own")
    stands_still = market is not None or today is not None or now is not None
    if market is None:
        current = now_kst() if clock is None else clock().astimezone(KST)
        market = Market(seed, today=today or last_trading_day(current.date()), now=now or AFTER_CLOSE)
    first = market

    def moment() -> datetime:
        ours = service.market
        if stands_still and clock is None:
            return datetime.combine(ours.today, ours.now or _AFTER_ALL, KST)
        current = now_kst() if clock is None else clock().astimezone(KST)
        return current + (ours.today - first.today)  # as many days on as the market has gone

    default_key, default_secret = DEFAULT_KEYS[mode]
    app_key, app_secret = app_key or default_key, app_secret or default_secret
    tokens = Tokens(app_key, app_secret, switches, seed=seed, now=moment)
    service = Service(market, switches, tokens, now=moment, timer=timer)
    return Server(
        service,
        host=host,
        port=port,
        app_key=app_key,
        app_secret=app_secret,
        now=moment,
        timer=timer,
        latency=latency,
        ws_port=ws_port,
    )


def _check_host(host: str) -> None:
    with suppress(ValueError):
        if host == "localhost" or ipaddress.ip_address(host).is_loopback:
            return
    raise ValueError(f"host: expected a loopback address such as '127.0.0.1', got {host!r}")


# --- the process's own simulator, for those who have no keys ---

_sharing = threading.Lock()
_shared: Server | None = None


def shared_simulator() -> Server:
    """Start it when it is first needed; all clients of ``mode="simulator"`` use the same one."""
    global _shared
    with _sharing:
        if _shared is None or not _shared.running:
            _shared = start(seed=1, rate=None, intraday_at_any_hour=True)
        return _shared


def _forget_the_parents() -> None:
    """The parent's server is not the child's, and somebody may have held the lock."""
    global _sharing, _shared
    _sharing, _shared = threading.Lock(), None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_the_parents)
