"""Waiting for rows and taking them, in threads and in coroutines."""

from __future__ import annotations

import asyncio
import os
import time
import warnings
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from typing import Generic

import polars as pl

from kiwoomdata.errors import KiwoomDataWarning, StreamError
from kiwoomdata.frames import F
from kiwoomdata.stream.arguments import count
from kiwoomdata.stream.engine import Engine
from kiwoomdata.stream.gaps import Gap
from kiwoomdata.stream.handing import Batch

__all__ = ["Consumer"]


class Consumer(Generic[F]):
    """One user's view of an engine: which errors he was told, and when he is given rows.

    ``every`` are seconds, ``batch`` rows of a feed; one of them is None. ``in_passing`` says of what does
    not end the stream with a warning, because there is nobody to raise it to. ``hand`` makes of each frame
    one of the user's library.
    """

    def __init__(
        self,
        engine: Engine,
        every: float | None,
        batch: int | None,
        hand: Callable[[pl.DataFrame], F],
        *,
        in_passing: bool = False,
    ) -> None:
        self.engine = engine
        self.hand = hand
        self._pid = os.getpid()
        self._in_passing = in_passing
        self._heard = 0
        self._every = every
        self._batch = batch
        self._told = False
        self._ready: deque[Batch | Gap] = deque()
        """Collected, and to be given next; what a loop that was left did not take, the next one is given."""

    @property
    def at_home(self) -> bool:
        """Whether this is the process that began the stream; a forked child has none of its threads."""
        return os.getpid() == self._pid

    def own(self) -> None:
        if not self.at_home:
            raise StreamError(
                "this stream belongs to the process that this one was forked from, and nothing comes here: "
                "use spawn, as in multiprocessing.get_context('spawn'), and begin a stream in the new process"
            )

    def check(self, *, always: bool = False) -> None:
        """Raise what ended the stream, once or ``always``; raise or warn of what else happened, once."""
        self.own()
        error = self.engine.error
        if error is not None and (always or not self._told):
            self._told = True
            raise error.with_traceback(None)
        self._hear()

    def _hear(self) -> None:
        for number, said in tuple(self.engine.news):
            if number > self._heard:
                self._heard = number
                if isinstance(said, Warning):
                    warnings.warn(said, stacklevel=4)
                elif self._in_passing:
                    warnings.warn(KiwoomDataWarning(str(said)), stacklevel=4)
                else:
                    raise said.with_traceback(None)

    # --- waiting -------------------------------------------------------------------------------

    def wait(self, rows: int | None, type_: str | None, seconds: float | None) -> bool:
        self.own()
        deadline = _deadline(rows, seconds)
        while True:
            done, version = self._arrived(rows, type_, deadline)
            if done is not None:
                return done
            self._pause(version, None if deadline is None else deadline - time.monotonic())

    async def wait_async(self, rows: int | None, type_: str | None, seconds: float | None) -> bool:
        self.own()
        deadline = _deadline(rows, seconds)
        while True:
            done, version = self._arrived(rows, type_, deadline)
            if done is not None:
                return done
            await self._pause_async(version, None if deadline is None else deadline - time.monotonic())

    def _arrived(
        self, rows: int | None, type_: str | None, deadline: float | None
    ) -> tuple[bool | None, int]:
        """Whether to end waiting, and with which answer; and what version of things that judges."""
        engine = self.engine
        with engine.lock:
            if engine.ended:
                engine.flush()
            stores = engine.stores.values() if type_ is None else [engine.stores[type_]]
            arrived = sum(store.total for store in stores)
            if rows is not None and arrived >= rows:
                self.check()
                return True, engine.version
            self.check(always=True)
            if deadline is not None and time.monotonic() >= deadline:
                return rows is None, engine.version
            if engine.ended:
                return False, engine.version
            if rows is not None:
                engine.expect(rows - arrived)
            return None, engine.version

    def _pause(self, version: int, seconds: float | None) -> None:
        """Until something has happened since ``version``."""
        engine = self.engine
        with engine.lock:
            engine.changed.wait_for(lambda: engine.version != version, seconds)

    async def _pause_async(self, version: int, seconds: float | None) -> None:
        engine, loop, rung = self.engine, asyncio.get_running_loop(), asyncio.Event()

        def ring() -> None:
            loop.call_soon_threadsafe(rung.set)

        with engine.lock:
            engine.rings.add(ring)
            if engine.version != version:
                rung.set()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):  # wait_for of Python 3.11 may swallow a cancellation
                    await rung.wait()
        finally:
            with engine.lock:
                engine.rings.discard(ring)

    # --- taking --------------------------------------------------------------------------------

    def take(self, owner: object) -> Iterator[Batch[F] | Gap]:
        """The events; the loop keeps its ``owner`` alive, whose end ends the stream."""
        self.own()
        with self.engine.handing.consuming():
            due = time.monotonic()
            while True:
                version, due = self._turn(due)
                while self._ready:
                    yield self._next()
                if version is None:
                    return
                self._pause(version, max(0.0, due - time.monotonic()))

    async def take_async(self, owner: object) -> AsyncIterator[Batch[F] | Gap]:
        """The same for asyncio."""
        self.own()
        with self.engine.handing.consuming():
            due = time.monotonic()
            while True:
                version, due = self._turn(due)
                while self._ready:
                    yield self._next()
                if version is None:
                    return
                await self._pause_async(version, max(0.0, due - time.monotonic()))

    def _next(self) -> Batch[F] | Gap:
        event = self._ready.popleft()
        return Batch(event.feed, self.hand(event.frame)) if isinstance(event, Batch) else event

    def _turn(self, due: float) -> tuple[int | None, float]:
        """Make ready what is to be given now; then what version of things that was (None: there will be
        no more), and when to look again if nothing happens."""
        engine = self.engine
        self._hear()
        with engine.lock:
            version, ended, now = engine.version, engine.ended, time.monotonic()
            if self._ready:
                return version, now
            if self._batch is None:
                if not ended and now < due and engine.handing.undelivered < engine.intake.limit:
                    return version, due
                engine.flush()
            elif ended:
                engine.flush()
            self._ready.extend(engine.handing.collect(self._batch, rest=ended))
            if self._batch is not None:
                engine.expect(self._batch)
        if ended and not self._ready:
            self.check(always=True)
            return None, now
        wait = 1.0 if self._every is None else self._every
        return -1 if ended else version, max(due + wait, now)


def _deadline(rows: int | None, seconds: float | None) -> float | None:
    if rows is None and seconds is None:
        raise ValueError("rows, seconds: neither was given; pass rows=, seconds= or both")
    if rows is not None:
        count(rows, "rows")
    return None if seconds is None else time.monotonic() + seconds
