"""What all named functions share: one job per symbol, one frame for all, one provenance."""

from __future__ import annotations

import inspect
import queue
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import KW_ONLY, dataclass, field, replace
from datetime import date, datetime
from functools import partial, wraps
from typing import Any, Literal, ParamSpec, TypedDict, TypeVar

import polars as pl

from kiwoomdata import cost, forks
from kiwoomdata.arguments import as_symbols, body_of, not_both
from kiwoomdata.calendar import nth_trading_day_before
from kiwoomdata.client import NO_AS, Client, OnTruncated, default_client, positive
from kiwoomdata.complete import tell
from kiwoomdata.entries.entry import Endpoint
from kiwoomdata.errors import IncompleteFrame, NotCached, Truncated
from kiwoomdata.frames import OnBad, schema, units
from kiwoomdata.kinds import VENUES, split_code
from kiwoomdata.names import learn, with_codes
from kiwoomdata.origin import Provenance
from kiwoomdata.present import Names, Style, choose, present
from kiwoomdata.stamp import stamped
from kiwoomdata.telling import Told, gathered, give, warn

__all__ = [
    "Job",
    "Options",
    "Plan",
    "bar",
    "client_of",
    "empty_of",
    "for_symbols",
    "joined",
    "question",
    "run",
    "side_by_side",
    "single",
]

P = ParamSpec("P")
Parts = Mapping[str, pl.DataFrame]
Shape = Callable[[Parts], pl.DataFrame]
T = TypeVar("T")


class Options(TypedDict, total=False):
    """Options that every named function takes, by keyword.

    client
        The :class:`kiwoomdata.Client` to use; left out: the one of :func:`kiwoomdata.use`.
    columns
        Names of the columns to keep, in this order; left out, all of them.
    names
        Headings: ``"en"``, or ``"ko"`` for the Korean names.
    style
        ``"plain"``, or ``"ohlcv"`` for Title-case Open, High, Low, Close, Volume.
    errors
        With several symbols: ``"raise"`` the first failure (its ``.frame`` holds the others' rows), or
        ``"collect"`` the rows of those that did not fail, with a warning.
    refresh
        True: go to the server, and replace what is stored.
    offline
        True: serve from the store alone; what is missing there is :class:`kiwoomdata.NotCached`.
    on_bad
        A text that fits no rule of its kind: ``"raise"`` DecodeError, or ``"null"`` with a warning.
    on_truncated
        Paging that a guard or ceiling stopped: ``"raise"`` Truncated, or ``"mark"`` it in the provenance.
    max_requests
        A call that would send more is a ValueError before the first request; left out: the client's 2,000.
    """

    client: Client
    columns: Sequence[str]
    names: Names
    style: Style
    errors: Literal["raise", "collect"]
    refresh: bool
    offline: bool
    on_bad: OnBad
    on_truncated: OnTruncated
    max_requests: int


BAR_AFTER = 2.0
"""Seconds after which a progress bar shows itself."""
_KNOWN = tuple(Options.__annotations__)
_WHOSE = {"symbol": pl.String(), "venue": pl.Enum(VENUES)}
_DEFAULTS = {"errors": "raise", "refresh": False, "offline": False}


@dataclass(frozen=True)
class Job:
    """One series or snapshot to fetch."""

    endpoint: Endpoint
    body: Mapping[str, str]
    since: date | None = None
    until: date | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Columns that say what was asked for, such as symbol and venue, and the value of each."""
    dated: bool = True
    """Whether the day can be known that a snapshot or a list is of."""
    enough: Callable[[Parts], bool] | None = None
    """Whether the rows tell all that the frame says. It is asked for one trading day more than is shown, and
    for older ones until they do. Left out: the rows shown are enough."""

    @property
    def with_older(self) -> Job:
        """The same with the trading day before it, where that is asked for too."""
        if self.enough is None or self.since is None:
            return self
        return replace(self, since=nth_trading_day_before(self.since, 1))


@dataclass(frozen=True)
class Plan:
    """What a named function asks for, and how one frame is made of it; nothing has been sent yet."""

    jobs: Mapping[str, Job]
    shape: Shape | Mapping[str, Shape]
    """Makes the frame of one job of its parts; in a mapping each job has its own."""
    _: KW_ONLY
    order: Sequence[str] = ("date",)
    """The columns to sort by, ascending; without any the server's order stays."""
    notes: Sequence[str] = ()
    """What goes into the provenance."""
    together: Shape | None = None
    """Does the same as ``shape`` for the rows of one or many symbols at once, each symbol's ascending, with
    its ``symbol`` and ``venue``: what the store holds is then read, joined and shaped in one go."""
    told: Callable[[], tuple[str, ...]] | None = None
    """Warns of symbols of which only all answers together show that there is nothing, and names them."""
    options: Mapping[str, Any]


def question(function: Callable[P, Plan]) -> Callable[P, pl.DataFrame]:
    """Make a named function of one that plans: it runs the plan, and its signature and help show all options.

    Its ``symbol`` may be a name. The plan alone is what ``plan`` of the named function gives.
    """
    own = inspect.signature(function)
    place = list(own.parameters).index("symbol") if "symbol" in own.parameters else None

    @wraps(function)
    def plan(*args: P.args, **kwargs: P.kwargs) -> Plan:
        if place is not None and place < len(args):
            said = _with_codes(args[place], kwargs)
            return function(*args[:place], said, *args[place + 1 :], **kwargs)  # type: ignore[arg-type]
        if "symbol" in kwargs:
            kwargs["symbol"] = _with_codes(kwargs["symbol"], kwargs)
        return function(*args, **kwargs)

    @wraps(function)
    def asked(*args: P.args, **kwargs: P.kwargs) -> pl.DataFrame:
        return run(plan(*args, **kwargs))

    parameters = [p for p in own.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    for name, annotation in Options.__annotations__.items():
        parameters.append(
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=_DEFAULTS.get(name),
                annotation=annotation.__forward_arg__,
            )
        )
    shown = own.replace(parameters=parameters, return_annotation="pl.DataFrame")
    asked.__signature__ = shown  # type: ignore[attr-defined]
    asked.__annotations__ = {**function.__annotations__, "return": pl.DataFrame}
    asked.plan = plan  # type: ignore[attr-defined]
    asked.__doc__ = _with_options(function.__doc__ or "")
    return asked


def _with_codes(value: Any, said: Mapping[str, Any]) -> Any:
    options = {name: each for name, each in said.items() if name in _KNOWN}
    venue: Any = said.get("venue")
    return with_codes(value, partial(client_of, options), venue, offline=bool(options.get("offline", False)))


def _with_options(text: str) -> str:
    """The docstring with a section of the shared options, before what is returned."""
    shared = (Options.__doc__ or "").partition("\n\n")[2].rstrip()
    section = f"    Other Parameters\n    ----------------\n{shared}\n\n"
    before, returns, after = text.partition("    Returns\n    -------\n")
    return before + section + returns + after


def client_of(options: Mapping[str, Any]) -> Client:
    forks.check()
    unknown = [name for name in options if name not in _KNOWN]
    if "as_" in unknown:
        raise TypeError(NO_AS)
    if unknown:
        raise TypeError(f"{unknown[0]}: no such option; there are {', '.join(_KNOWN)}")
    client = options.get("client")
    if client is None:
        return default_client()
    if not isinstance(client, Client):
        raise TypeError(f"client: expected a kiwoomdata.Client, got {type(client).__name__}")
    return client


def for_symbols(
    endpoint: Endpoint,
    symbol: Any,
    venue: str | None,
    params: Mapping[str, Any],
    *,
    since: date | None = None,
    until: date | None = None,
    enough: Callable[[Parts], bool] | None = None,
) -> dict[str, Job]:
    """One job for each symbol, with ``symbol`` and ``venue`` columns in front."""
    param = endpoint.param("symbol")
    assert param is not None
    codes = as_symbols(symbol, venue, suffix=param.suffix)
    body = body_of(endpoint, {**params, "symbol": codes[0]})
    jobs = {}
    for code in codes:
        extra = dict(zip(_WHOSE, split_code(code) or (), strict=True))
        jobs[code] = Job(endpoint, {**body, param.key: code}, since, until, extra, enough=enough)
    return jobs


def joined(
    endpoint: Endpoint, symbol: Any, venue: str | None, params: Mapping[str, Any]
) -> dict[str, tuple[list[str], Job]]:
    """The codes of each request and its job, for a TR that takes many codes at once: as few as may be."""
    param = next(each for each in endpoint.params if each.join)
    codes, most = as_symbols(symbol, venue, suffix=param.suffix), param.at_most or 1
    jobs = {}
    for begin in range(0, len(codes), most):
        some = codes[begin : begin + most]
        name = some[0] if len(some) == 1 else f"{some[0]} to {some[-1]}"
        jobs[name] = some, Job(endpoint, body_of(endpoint, {**params, param.name: some}))
    return jobs


def single(
    endpoint: Endpoint,
    params: Mapping[str, Any],
    *,
    since: date | None = None,
    until: date | None = None,
    asked: Mapping[str, Any] | None = None,
    dated: bool = True,
) -> dict[str, Job]:
    """The one job of a TR that is not about one symbol; what was ``asked`` becomes columns."""
    return {endpoint.api_id: Job(endpoint, body_of(endpoint, params), since, until, asked or {}, dated)}


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
    try:
        if plan.together is not None and not refresh:
            with gathered({}):  # what is amiss there is told where the series is asked for
                whole = _take_stored(client, jobs, plan.together, frames, sources, offline=offline)
        left = {name: job for name, job in jobs.items() if name not in sources}
        if left:
            whole = empty_of(plan, client)
            # Whatever cannot be handed over is refused here, before any request.
            present(whole, _provenance(client, jobs, [], {}, whole), **form)
            if not offline:
                cost.check(client, [job.with_older for job in left.values()], most, refresh=refresh)
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
    frame = _in_order(pieces, order)
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
    back_to, step = (None if job.enough is None else job.with_older.since), 20
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
        shown = _in_window(_whole(shape(parts), job, client, source.fetched_at), job)
    unseen = 0 if job.enough is None else sum(map(len, parts.values())) - shown.height
    return _oldest_first(shown, job, order), replace(source, cached_rows=max(0, source.cached_rows - unseen))


def _oldest(parts: Parts) -> date:
    """The day of the oldest row; the last day of all where there is none."""
    days = (frame["date"].min() for frame in parts.values() if "date" in frame.columns)
    return min((day for day in days if isinstance(day, date)), default=date.max)


def _in_order(pieces: list[pl.DataFrame], order: Sequence[str]) -> pl.DataFrame:
    """One frame of all, ascending; within equal keys in the order of the pieces.

    Picking the rows by the order of their keys takes less memory than sorting the frame, and joining frames
    of one schema less than joining any (400 symbols by a year, a frame of 12 MiB: 41 MiB instead of 54).
    """
    keys = [name for name in order if name in pieces[0].columns]
    frame, alone = pieces[0], len(pieces) == 1
    if not alone:
        alike = all(piece.schema == frame.schema for piece in pieces)
        frame = pl.concat(pieces, how="vertical" if alike else "diagonal_relaxed")
    pieces.clear()
    if not keys or (alone and frame[keys[0]].is_sorted()):
        return frame
    return frame[frame.select(pl.arg_sort_by(keys, maintain_order=True)).to_series()]


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
    shaped = _shaped(typed, [jobs[name].extra for name in typed], together, endpoint.rows.name)
    if any(jobs[name].enough for name in sources):
        shaped = _in_window(shaped, first)
    if len(sources) == len(jobs):
        return shaped
    begin = 0
    for name, source in sources.items():
        frames[name] = shaped.slice(begin, source.cached_rows)
        begin += source.cached_rows
    return None


def _shaped(
    typed: dict[str, pl.DataFrame], of: Sequence[Mapping[str, Any]], together: Shape, part: str
) -> pl.DataFrame:
    """The rows of many series in one frame, each with the symbol and venue it is ``of``. Empties it."""
    heights = [frame.height for frame in typed.values()]
    columns = next(iter(typed.values())).columns
    alike = all(frame.columns == columns for frame in typed.values())
    # In one piece, rows are picked nine times as fast.
    rows = pl.concat(typed.values(), how="vertical" if alike else "diagonal_relaxed", rechunk=True)
    typed.clear()
    symbol, venue = (
        pl.concat([told.new_from_index(n, height) for n, height in enumerate(heights)])
        for told in (pl.Series(name, [each[name] for each in of], dtype) for name, dtype in _WHOSE.items())
    )
    said = [
        name for name in _WHOSE if name in rows.columns
    ]  # what the server says goes before what was asked
    if said:
        asked = pl.DataFrame([symbol, venue])
        symbol, venue = asked.with_columns(pl.coalesce(rows[name], asked[name]) for name in said)
        rows = rows.drop(said)
    shaped = together({part: rows.hstack([symbol, venue])})
    others = [shaped[name] for name in shaped.columns if name not in ("date", "symbol", "venue")]
    return pl.DataFrame([shaped["date"], symbol, venue, *others])


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


def _oldest_first(frame: pl.DataFrame, job: Job, order: Sequence[str]) -> pl.DataFrame:
    """Turn round what the server sends newest first, so that rows of one second stand as they happened."""
    if not order or job.endpoint.order != "newest first" or frame.height < 2:
        return frame
    moments = frame[order[0]].drop_nulls()
    return frame.reverse() if len(moments) < 2 or moments[0] >= moments[-1] else frame


def _with_extra(frame: pl.DataFrame, job: Job) -> pl.DataFrame:
    """Put the extra columns in front, after the date; what the server says goes before what was asked."""
    if not job.extra:
        return frame
    values = {name: pl.lit(value, _WHOSE.get(name)) for name, value in job.extra.items()}
    frame = frame.with_columns(
        (pl.coalesce(name, value) if name in frame.columns else value).alias(name)
        for name, value in values.items()
    )
    if job.endpoint.walk is None and "symbol" not in job.extra:
        return frame  # a list of stocks begins with them
    day = _day_of(frame)
    front = [] if day is None else [day.meta.root_names()[0]]
    front += list(job.extra)
    return frame.select(*front, pl.exclude(front))


def _in_window(frame: pl.DataFrame, job: Job) -> pl.DataFrame:
    day = _day_of(frame)
    if job.since is None or job.until is None or day is None:
        return frame
    return frame.filter(day.is_between(job.since, job.until))


def _day_of(frame: pl.DataFrame) -> pl.Expr | None:
    """The day of each row: its date, or that of its moment."""
    if "date" in frame.columns:
        return pl.col("date")
    return pl.col("time").dt.date() if isinstance(frame.schema.get("time"), pl.Datetime) else None


def _whole(frame: pl.DataFrame, job: Job, client: Client, moment: datetime) -> pl.DataFrame:
    """The frame of a job with what the answer leaves out."""
    frame = _with_extra(frame, job)
    if job.endpoint.walk is not None:
        return frame
    frame = stamped(frame, client, moment, job.dated)
    return frame.select("time", pl.exclude("time")) if job.endpoint.order == "newest first" else frame


def empty_of(plan: Plan, client: Client) -> pl.DataFrame:
    """The typed frame without rows, of the same schema as any other."""
    name, job = next(iter(plan.jobs.items()))
    shape = plan.shape[name] if isinstance(plan.shape, Mapping) else plan.shape
    flag = job.endpoint.flag_of(job.body)
    parts = {part.name: pl.DataFrame(schema=schema(part, flag)) for part in job.endpoint.parts}
    return _whole(shape(parts), job, client, client.now())


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
    """The unit of a column; one of a book turned long has that of the wide column that it was."""
    return next((units[n] for n in (name, f"ask_{name}_1", f"ask_{name}") if n in units), None)


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
