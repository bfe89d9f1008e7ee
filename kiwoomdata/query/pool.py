"""Tasks side by side in the client's threads, and the bar that shows how far they are."""

from __future__ import annotations

import queue
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from typing import TypeVar

from kiwoomdata.client import Client

__all__ = ["bar", "side_by_side"]


T = TypeVar("T")
BAR_AFTER = 2.0
"""Seconds after which a progress bar shows itself."""


def side_by_side(
    client: Client,
    tasks: Mapping[str, Callable[[], T]],
    unit: str,
    on_failure: Callable[[str, Exception], None],
) -> dict[str, T]:
    """Run tasks in the client's threads, and give their results in the order of ``tasks``.

    A task that fails is told to ``on_failure``, and the others go on. Ctrl-C stops all of them.
    """
    results: dict[str, T] = {}

    def settle(name: str, result: Callable[[], T]) -> None:
        try:
            results[name] = result()
        except Exception as error:
            on_failure(name, error)

    if len(tasks) < 2:
        for name, task in tasks.items():
            settle(name, task)
        return results
    done: queue.SimpleQueue[Future[T]] = queue.SimpleQueue()
    pool = ThreadPoolExecutor(min(client.workers, len(tasks)), thread_name_prefix="kiwoomdata")
    try:
        names = {pool.submit(task): name for name, task in tasks.items()}
        for future in names:
            future.add_done_callback(done.put)
        left = len(names)
        with bar(client, left, unit) as tick:
            while left:
                tick(0)  # shows the bar before the first is done
                with suppress(queue.Empty):
                    future = done.get(timeout=1)
                    settle(names[future], future.result)
                    left -= 1
                    tick(1)
    except BaseException:
        try:
            client.transport.abort()
            pool.shutdown(wait=True, cancel_futures=True)
        finally:
            client.transport.resume()
        raise
    pool.shutdown()
    return {name: results[name] for name in tasks if name in results}


@contextmanager
def bar(client: Client, total: int | None, unit: str) -> Iterator[Callable[..., object]]:
    """A progress bar that shows itself after two seconds, in a terminal or a notebook.

    Its function counts the steps it is given, or one. In a thread beside the main one there is none:
    whoever started the thread shows how far all of them are. It is made when it is to be seen: importing
    tqdm takes a fifth of the time of a process's first call.
    """
    if client.progress is False or threading.current_thread() is not threading.main_thread():
        yield lambda steps=1: None
        return
    began, done = time.monotonic(), 0
    update: Callable[[int], object] | None = None

    def tick(steps: int = 1) -> None:
        nonlocal done, update
        if update is not None:
            update(steps)
            return
        done += steps
        if time.monotonic() - began >= BAR_AFTER:
            from tqdm import TqdmWarning

            with warnings.catch_warnings():  # a notebook without ipywidgets has no bar, and that is all
                warnings.simplefilter("ignore", TqdmWarning)
                from tqdm.auto import tqdm

            disable = None if client.progress is None else False
            shown = tqdm(total=total, initial=done, unit=unit, leave=False, disable=disable)
            update = stack.enter_context(shown).update

    with ExitStack() as stack:
        yield tick
