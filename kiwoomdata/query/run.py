"""Runs a plan: jobs side by side, one frame for all, one provenance; what is missing is told once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

import polars as pl

from kiwoomdata import cost
from kiwoomdata.arguments import not_both
from kiwoomdata.calendar import nth_trading_day_before
from kiwoomdata.client import Client, positive
from kiwoomdata.complete import tell
from kiwoomdata.errors import IncompleteFrame, NotCached, Truncated
from kiwoomdata.frames import units
from kiwoomdata.names import by_code, learn
from kiwoomdata.origin import Provenance
from kiwoomdata.present import choose, present
from kiwoomdata.query.plan import Job, Parts, Plan, Shape, client_of
from kiwoomdata.query.pool import bar, side_by_side
from kiwoomdata.query.rows import empty_of, filled, in_one, in_order, in_window, oldest_first
from kiwoomdata.telling import Told, gathered, give, warn

__all__ = ["run"]


def run(plan: Plan) -> pl.DataFrame:
    """Fetch all jobs of a plan side by side and give one frame. What it lacks is told once, for all jobs."""
    jobs, shape, order, options = plan.jobs, plan.shape, plan.order, plan.options
    client = client_of(options)
    refresh, offline = bool(options.get("refresh", False)), bool(options.get("offline", False))
    form: dict[str, Any] = {
        "names": options.get("names") or client.names,
        "style": options.get("style") or client.style,
        "columns": options.get("columns"),
    }
    on_truncated = choose(
        "on_truncated", options.get("on_truncated") or client.on_truncated, ("raise", "mark")
    )
    choose("on_bad", options.get("on_bad") or client.on_bad, ("raise", "null"))
    not_both(refresh, offline)
    errors = choose("errors", options.get("errors", "raise"), ("raise", "collect"))
    most = options.get("max_requests")
    most = client.max_requests if most is None else positive("max_requests", most)
    shapes = shape if isinstance(shape, Mapping) else dict.fromkeys(jobs, shape)
    how = {"refresh": refresh, "offline": offline, "on_bad": options.get("on_bad"), "on_truncated": "mark"}
    frames: dict[str, pl.DataFrame] = {}
    sources: dict[str, Provenance] = {}
    failures: dict[str, Exception] = {}
    warned: dict[str, Told] = {name: {} for name in jobs}
    whole: pl.DataFrame | None = None
    naming, stock_names = _lacks_names(plan, client, form["columns"]), dict[str, str]()
    try:
        if plan.together is not None and not refresh:
            with gathered({}):  # what is amiss there is told where the series is asked for
                whole = _take_stored(client, jobs, plan.together, frames, sources, offline=offline)
        left = {name: job for name, job in jobs.items() if name not in sources}
        if left:
            whole = empty_of(plan, client)
            if naming:
                whole = _named(whole, stock_names)
            # Whatever cannot be handed over is refused here, before any request.
            present(whole, _provenance(client, jobs, [], {}, whole), **form)
            if not offline:
                cost.check(client, [job.with_older for job in left.values()], most, refresh=refresh)
            if naming:
                stock_names = by_code(client, offline=offline)  # had first, so that nothing that came is lost
            tasks = {
                name: partial(_fetched, client, job, shapes[name], order, how, warned[name])
                for name, job in left.items()
            }
            if len(jobs) == 1:
                (name,) = tasks
                with bar(client, None, "page") as tick:
                    found = {name: tasks[name](tick)}
            else:
                found = side_by_side(client, tasks, "symbol", failures.__setitem__)
            for name in [*found]:  # popped, so that no frame is held twice
                frames[name], sources[name] = found.pop(name)
                if sources[name].truncated and on_truncated == "raise":
                    stop = sources[name]
                    failures[name] = Truncated(jobs[name].endpoint.api_id, stop.why, pages=stop.pages)
    finally:
        give(warned)
    if client.store is not None:
        client.store.tell_if_full()
    pieces = [frames.pop(name) for name in jobs if name in frames]
    if not pieces:
        assert whole is not None  # all of it came from the store, or nothing came
        pieces.append(whole)
    frame = in_order(pieces, order)
    if naming:
        frame = _named(frame, stock_names or by_code(client, offline=offline))
    told = [sources[name] for name in jobs if name in sources]
    source = replace(_provenance(client, jobs, told, failures, frame), notes=tuple(plan.notes))
    if failures:
        _tell(failures, errors, present(frame, source, **form))
    tell(source)
    if plan.told is not None:
        source = replace(source, empty=(*source.empty, *plan.told()))
    if {"symbol", "name"} <= set(frame.columns):
        learn(frame.select("symbol", "name").unique().iter_rows())
    return present(frame, source, **form)


def _lacks_names(plan: Plan, client: Client, columns: Sequence[str] | None) -> bool:
    """Whether names of stocks are asked for that the answer itself does not have."""
    asked = [columns] if isinstance(columns, str) else columns or ()
    if "name" not in asked:
        return False
    has = empty_of(plan, client).columns
    return "symbol" in has and "name" not in has


def _named(frame: pl.DataFrame, names: Mapping[str, str]) -> pl.DataFrame:
    name = pl.col("symbol").replace_strict(
        list(names), list(names.values()), default=None, return_dtype=pl.String
    )
    return frame.with_columns(name.alias("name"))


def _fetched(
    client: Client,
    job: Job,
    shape: Shape,
    order: Sequence[str],
    how: Mapping[str, Any],
    told: Told,
    tick: Callable[[], object] | None = None,
) -> tuple[pl.DataFrame, Provenance]:
    """The frame of one job and its provenance; what there is to tell goes into ``told``.

    Where older days may tell what the days shown leave open, it asks back from these until the rows are
    enough, or until the server has no older ones.
    """
    ask = partial(client.frames, job.endpoint, job.body, since=job.since, until=job.until, tick=tick)
    older, step = job.with_older, 20
    back_to = None if older is job else older.since
    source: Provenance | None = None
    with gathered(told):
        while True:
            try:
                parts, more = ask(**how, back_to=back_to)
            except NotCached:
                if source is not None:
                    break  # what is held goes back no further
                if back_to is None:
                    raise
                back_to = None
                continue
            before = (source.requests, source.pages) if source else (0, 0)
            source = replace(more, requests=before[0] + more.requests, pages=before[1] + more.pages)
            if back_to is None or job.enough is None or source.truncated:
                break
            if job.enough(parts) or _oldest(parts) > back_to:
                break
            back_to, step = nth_trading_day_before(back_to, step), 3 * step
            how = {**how, "refresh": False}
        shown = in_window(filled(shape(parts), job, client, source.fetched_at), job)
    unseen = 0 if job.enough is None else sum(map(len, parts.values())) - shown.height
    return oldest_first(shown, job, order), replace(source, cached_rows=max(0, source.cached_rows - unseen))


def _oldest(parts: Parts) -> date:
    """The day of the oldest row; the last day of all where there is none."""
    days = (frame["date"].min() for frame in parts.values() if "date" in frame.columns)
    return min((day for day in days if isinstance(day, date)), default=date.max)


def _take_stored(
    client: Client,
    jobs: Mapping[str, Job],
    together: Shape,
    frames: dict[str, pl.DataFrame],
    sources: dict[str, Provenance],
    *,
    offline: bool,
) -> pl.DataFrame | None:
    """Put in what the store holds whole and decoded: one frame of all is made, and cut for each job.

    It is returned where that is all of them.
    """
    first = next(iter(jobs.values()))  # all are of one TR and one range of days
    endpoint, since, until = first.endpoint, first.since, first.until
    assert endpoint.rows is not None
    stored: dict[str, tuple[pl.DataFrame, Provenance]] = {}
    for back_to, more in ((None, False), (since and nth_trading_day_before(since, 1), True)):
        bodies = {name: job.body for name, job in jobs.items() if (job.enough is not None) is more}
        stored |= client.stored(endpoint, bodies, since, until, back_to=back_to, offline=offline)
    typed: dict[str, pl.DataFrame] = {}
    for name, job in jobs.items():
        if name in stored:
            frame, source = stored.pop(name)
            if job.enough is None or job.enough({endpoint.rows.name: frame}):
                typed[name], sources[name] = frame, source
    if not typed:
        return None
    one = next(iter(typed))
    sources[one] = replace(sources[one], units=units(endpoint, jobs[one].body))
    shaped = in_one(typed, [jobs[name].extra for name in typed], together, endpoint.rows.name)
    if any(jobs[name].enough for name in sources):
        shaped = in_window(shaped, first)
    if len(sources) == len(jobs):
        return shaped
    begin = 0
    for name, source in sources.items():
        frames[name] = shaped.slice(begin, source.cached_rows)
        begin += source.cached_rows
    return None


def _provenance(
    client: Client,
    jobs: Mapping[str, Job],
    sources: Sequence[Provenance],
    failures: Mapping[str, Exception],
    frame: pl.DataFrame,
) -> Provenance:
    first = next(iter(jobs.values()))
    params = dict(first.body)
    if len(jobs) > 1:
        params["stk_cd"] = ",".join(jobs)
    if not sources:
        source = Provenance(first.endpoint.api_id, params, client.base_url, client.now())
    else:
        source = sources[0].merged(list(sources[1:]), params)
    units = {name: unit for name in frame.columns if (unit := _unit_of(name, source.units))}
    told = {name: f"{type(error).__name__}: {error}" for name, error in failures.items()}
    return replace(source, rows=frame.height, units=units, failures=told)


def _unit_of(name: str, units: Mapping[str, str]) -> str | None:
    """The unit of a column; one of a book or board turned long has that of the wide column that it was."""
    wide = (f"ask_{name}_1", f"ask_{name}", f"sell_{name}_1")
    return next((units[n] for n in (name, *wide) if n in units), None)


def _tell(failures: Mapping[str, Exception], errors: str, frame: Any) -> None:
    """Raise the first failure with the others' rows, or warn of all of them."""
    if errors == "collect":
        which = "; ".join(f"{name}: {type(error).__name__}" for name, error in failures.items())
        warn(f"{len(failures)} symbol(s) failed and are not in the frame: {which}", IncompleteFrame)
        return
    name, error = next(iter(failures.items()))
    error.frame = frame  # type: ignore[attr-defined]  # our own errors have the place, others get it
    if len(failures) > 1 or (frame is not None and name not in str(error)):
        error.add_note(
            f"{len(failures)} symbol(s) failed, the first is {name}; what came of it and of the others is in "
            "this error's .frame. Pass errors='collect' to get it with a warning."
        )
    raise error
