"""Reference pages from the catalogue: one for each TR and feed, so that they cannot drift.

``conf.py`` calls :func:`write` at every build; the pages are not kept in the repository.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import product
from pathlib import Path

import kiwoomdata as kd
from kiwoomdata._public import FRAMES, HOME_OF
from kiwoomdata.entries import ENDPOINTS
from kiwoomdata.entries.condition import CONDITIONS, ConditionCall
from kiwoomdata.entries.entry import Column, Endpoint, Flag, Param, Unit
from kiwoomdata.entries.feeds import CONDITION_EVENT, FEEDS, Feed
from kiwoomdata.kinds import KST

__all__ = ["condition_page", "costs_page", "feed_page", "pages", "tr_page", "which_page", "write"]

_COLUMNS = ("column", "Korean", "kind", "dtype", "unit", "note")
_SCALES = {
    0.000_001: "millionths",
    0.001: "thousandths",
    0.01: "hundredths",
    100: "hundreds",
    1_000: "thousands",
    1_000_000: "millions",
    10_000_000: "ten millions",
    100_000_000: "hundred millions",
}
_FINAL = {
    "next morning": "at 06:00 in Seoul on the next day",
    "by the day": "never: it may change with each day, and is kept until 06:00 in Seoul",
    "never": "never: a snapshot, or rows of a running session",
}


_SUBJECTS = {
    "prices": "Prices of a stock (주가·시세)",
    "candles": "Candles and indices (차트·분봉·지수)",
    "flows": "Who bought and sold (수급·투자자별 매매)",
    "investors": "Thirteen classes of investor (투자자 구분)",
    "institutions": "Institutions and brokers' clients (기관·거래원)",
    "investor_rankings": "Investors in the market (투자자별 합계·순매수 상위)",
    "foreigners": "Foreigners and institutions in the market (외국인·기관 상위)",
    "program": "Program trading (프로그램 매매·차익)",
    "program_rankings": "Program trading by stock (프로그램 상위)",
    "orderbook": "Order books (호가)",
    "stocks": "What is listed (종목)",
    "trades": "Trades and fundamentals (체결·기본정보)",
    "rankings": "What moved most (순위·급등락)",
    "extremes": "Highs, lows, limits and records (신고저가·상하한가·기록)",
    "brokers": "Brokers (거래원·증권사)",
    "sectors": "Sectors (업종)",
    "themes": "Themes (테마)",
    "etf": "ETFs",
    "lending": "Short selling, lending, credit (공매도·대차·신용)",
}
"""The rooms of the named functions, in the order in which people ask."""


# --- pages -----------------------------------------------------------------------------------


def tr_page(endpoint: Endpoint) -> str:
    """The page of a TR."""
    functions = [name.strip() for name in endpoint.function.split(",") if name]
    facts = {
        "function": ", ".join(f"{{func}}`kiwoomdata.{name}`" for name in functions or ["request"]),
        "address": f"`POST {endpoint.path}`, header `api-id: {endpoint.api_id}`",
        "rows on a page": str(endpoint.page_rows or "nobody has published a number"),
        "order at the server": endpoint.order,
        "a row is final": _final(endpoint),
        "in the cache": _cached(endpoint),
    }
    if endpoint.rebased:
        facts["rebased"] = (
            "past prices may change after a split: the store compares what it holds with what comes again"
        )
    if endpoint.note:
        facts["note"] = endpoint.note
    lines = [
        f"# {endpoint.api_id} {endpoint.ko}",
        "",
        f"{endpoint.en}.",
        "",
        *_table(("", ""), [(f"**{name}**", text) for name, text in facts.items()]),
        *_calls(endpoint),
        "## Request",
        "",
        *_table(("key", "parameter", "Korean", "kind", "words"), map(_param_row, endpoint.params)),
    ]
    for part in endpoint.parts:
        place = f"the list `{part.key}`" if part.key else "the keys beside the envelope"
        lines += [
            f"## Frame `{part.name}`",
            "",
            f"{part.ko}: {place}.",
            "",
            *_columns(part.columns, _flag_words(endpoint)),
        ]
    return _page(lines)


def feed_page(feed: Feed) -> str:
    """The page of a live feed."""
    facts = {
        "name": f"`{feed.name}`",
        "type at the server": f"`{feed.type}`",
        "asked for by": {
            "stock": "stock codes",
            "sector": "sector codes",
            "gold": "gold contracts",
            "none": "nothing: it is the account's or the whole market's",
        }[feed.item_kind],
        "time of the event": f"FID {feed.time_fid}" if feed.time_fid else "not in the message",
        "missed trades told by": f"FID {feed.volume_fid}, the day's volume" if feed.volume_fid else "–",
    }
    if feed.note:
        facts["note"] = feed.note
    return _page(
        [
            f"# {feed.type} {feed.ko}",
            "",
            f"{feed.en}.",
            "",
            *_table(("", ""), [(f"**{name}**", text) for name, text in facts.items()]),
            "## Columns",
            "",
            *_columns(feed.columns, key="FID"),
        ]
    )


def condition_page(calls: Iterable[ConditionCall]) -> str:
    """One page for the four requests of the condition search."""
    lines = ["# Condition search 조건검색", "", "Four requests over the live connection.", ""]
    for call in calls:
        lines += [f"## {call.api_id} {call.ko}", "", f"{call.en}: `trnm` is `{call.trnm}`.", ""]
        if call.note:
            lines += [call.note, ""]
        if call.params:
            lines += _table(("key", "parameter", "Korean", "kind", "words"), map(_param_row, call.params))
        if call.columns:
            lines += _columns(call.columns)
    lines += [
        f"## {CONDITION_EVENT.type} {CONDITION_EVENT.ko}",
        "",
        f"{CONDITION_EVENT.en}: live messages. {CONDITION_EVENT.note}",
        "",
        *_columns(CONDITION_EVENT.columns, key="FID"),
    ]
    return _page(lines)


def which_page() -> str:
    """Which function answers what: a question, the function, its TRs, and its chart."""
    trs: dict[str, list[str]] = {}
    for endpoint in ENDPOINTS.values():
        for name in filter(None, map(str.strip, endpoint.function.split(","))):
            trs.setdefault(name, []).append(endpoint.api_id)
    lines = [
        "# Which function answers what",
        "",
        '`kd.find("공매도")` looks it up from Python, in Korean and English. Where no function answers,',
        "any TR is asked by `kd.request`. What is not here at all, and what to do instead, stands in",
        "[What is not here](../../concepts/not-here.md).",
        "",
    ]
    for room, subject in _SUBJECTS.items():
        rows = [
            (
                (getattr(kd, name).__doc__ or "").strip().partition("\n")[0].rstrip("."),
                f"{{func}}`kiwoomdata.{name}`",
                ", ".join(f"[{api_id}]({api_id}.md)" for api_id in trs.get(name, ())),
                _chart(name),
            )
            for name in FRAMES
            if HOME_OF[name] == f"questions.{room}"
        ]
        lines += [f"## {subject}", "", *_table(("what it tells", "function", "TR", "chart"), rows)]
    return _page(lines)


def costs_page() -> str:
    """What a year costs: requests and minutes by function, as ``kd.estimate`` reckons them."""
    year = {"start": "2024-01-02", "end": "2024-12-30"}
    asked: list[tuple[str, dict[str, str]]] = [
        *(("candles", {"interval": interval}) for interval in ("day", "week", "60m", "5m", "1m")),
        *((name, {}) for name in ("daily_prices", "investor_flows", "investor_breakdown", "program_trend")),
        *((name, {}) for name in ("short_selling", "lending", "credit_trend", "daily_detail")),
        ("broker_trend", {"broker": "001"}),
        *((name, {}) for name in ("foreign_holdings", "etf_daily")),
    ]
    rows = []
    # Adjusted candles are walked back from today: the page is of a day, not of the day of its build.
    asked_on = datetime(2026, 11, 20, 18, tzinfo=KST)
    # An estimate sends nothing: the address and the key are never used, the real server's quota is.
    keys = {"app_key": "-", "app_secret": "-"}
    with kd.Client("real", **keys, cache=False, state=False, clock=lambda: asked_on) as client:
        for name, words in asked:
            estimate = getattr(kd.estimate, name)(symbol="005930", **words, **year, client=client)
            told = "".join(f', {word}="{value}"' for word, value in words.items())
            many = (estimate.seconds * stocks / 60 for stocks in (200, 900))
            rows.append(
                (
                    f"{{func}}`kiwoomdata.{name}`" + (f" `{told.removeprefix(', ')}`" if told else ""),
                    ("" if estimate.exact else "~") + f"{estimate.requests:,}",
                    f"{estimate.seconds:.1f}",
                    *(f"{minutes:,.1f}" for minutes in many),
                )
            )
    return _page(
        [
            "# What a year costs",
            "",
            "Requests and waiting for the 244 trading days of 2024, at the five requests a second that",
            "one key of the real server has, as `kd.estimate` reckons them on",
            f"{asked_on:%Y-%m-%d}. Each day is asked for once: afterwards the [cache](../../howto/cache.md)",
            "or a [lake](../../howto/lake.md) has it. A mark ~ stands where the server decides how many rows",
            "a page has.",
            "",
            *_table(
                (
                    "function",
                    "requests of one stock",
                    "seconds",
                    "minutes of 200 stocks",
                    "minutes of 900 stocks",
                ),
                rows,
            ),
            "Lists and rankings of a whole market are one request or few. In Python, for your own range:",
            "",
            *_python(
                "import kiwoomdata as kd",
                "",
                'kd.use("simulator", quota="5/s")',
                'print(kd.estimate.investor_breakdown(kd.stocks("kospi"), "2024", "2024"))',
            ),
        ]
    )


def pages() -> dict[str, str]:
    """Every generated page by its path below ``reference``."""
    found = {f"tr/{api_id}.md": tr_page(endpoint) for api_id, endpoint in ENDPOINTS.items()}
    found["tr/index.md"] = _tr_index(ENDPOINTS)
    found["tr/which.md"] = which_page()
    found["tr/costs.md"] = costs_page()
    # By name: there are systems that take 0G and 0g for one file.
    found |= {f"feed/{feed.name}.md": feed_page(feed) for feed in FEEDS.values()}
    found["feed/condition.md"] = condition_page(CONDITIONS.values())
    found["feed/index.md"] = _feed_index(FEEDS)
    return found


def write(folder: Path) -> None:
    """Write the pages, and only those that changed, so that a second build is quick."""
    made = pages()
    for path, text in made.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            whole = file.with_suffix(f".{os.getpid()}")  # another build may be reading
            whole.write_text(text, encoding="utf-8")
            whole.replace(file)
    for name in {path.split("/")[0] for path in made}:
        for old in (folder / name).glob("*.md"):
            if f"{name}/{old.name}" not in made:
                old.unlink(missing_ok=True)


def _tr_index(endpoints: Mapping[str, Endpoint]) -> str:
    rows = [
        (
            f"[{e.api_id}]({e.api_id}.md)",
            e.ko,
            e.en,
            ", ".join(f"`{f.strip()}`" for f in (e.function or "request").split(",")),
        )
        for e in endpoints.values()
    ]
    return _page(
        [
            "# TRs",
            "",
            f"The {len(rows)} TRs that this package knows, as `kd.catalogue()` lists them. Each page holds",
            "every key of the request and of the response, what it is called here, and its unit.",
            "",
            *_table(("TR", "Korean", "what it tells", "function"), rows),
            "A unit of *unknown* means that no source states it. Nothing is scaled then, and the numbers are",
            "the server's own. Sources are the vendor's guide, its printed examples, and public measurements",
            "of the live server; a note says which, where it matters.",
            "",
            *_toctree(["which", "costs", *endpoints]),
        ]
    )


def _feed_index(feeds: Mapping[str, Feed]) -> str:
    rows = [(f"[{f.type}]({f.name}.md)", f"`{f.name}`", f.ko, f.en, str(len(f.fids))) for f in feeds.values()]
    return _page(
        [
            "# Live feeds",
            "",
            f"The {len(rows)} types of live message, and the condition search. The case of a type counts.",
            "",
            *_table(("type", "name", "Korean", "what it tells", "FIDs"), rows),
            *_toctree([*(feed.name for feed in feeds.values()), "condition"]),
        ]
    )


# --- pieces ----------------------------------------------------------------------------------


def _chart(function: str) -> str:
    """The chart of a function's frame, as a way to its picture in the gallery."""
    if function not in kd.plot.CHART_OF:
        return ""
    chart = kd.plot.CHART_OF[function].__name__
    return f"[`kd.plot.{chart}`](#chart-{chart.replace('_', '-')})"


def _final(endpoint: Endpoint) -> str:
    text = _FINAL[endpoint.final]
    if endpoint.period != "day":
        text = f"at 06:00 in Seoul on the day after the last trading day of its {endpoint.period}"
    if endpoint.as_of:
        text += f"; the day is the one asked for with `{endpoint.as_of}`"
    if endpoint.credit_columns:
        late = ", ".join(f"`{name}`" for name in endpoint.credit_columns)
        text += f"; {late} two trading days later"
    return text


def _cached(endpoint: Endpoint) -> str:
    if endpoint.final == "by the day":
        return "the answer as it came, until 06:00 in Seoul"
    if endpoint.as_of and endpoint.final != "never":
        return "the answer as it came, by what was asked"
    if endpoint.final == "never" or endpoint.walk is None:
        return "not kept"
    if endpoint.walk.whole:
        return "the answer as it came: only what is newer is asked for"
    return "by day: only missing days are asked for"


def _param_row(param: Param) -> tuple[str, ...]:
    words = ", ".join(f'`"{word}"` = `{code}`' for word, code in param.choices.items())
    default = f'default `"{param.default}"`' if param.default else "" if param.required else "optional"
    told = "; ".join(text for text in (words, param.accepts, default) if text)
    return f"`{param.key}`", f"`{param.name}`", param.ko, param.form, told


def _columns(
    columns: Sequence[Column], flags: Mapping[Flag, str] | None = None, key: str = "key"
) -> list[str]:
    rows = [
        (
            f"`{column.key}`",
            f"`{column.name}`",
            column.ko,
            column.kind.name,
            str(column.kind.dtype).partition("(")[0],
            _unit(column, flags or {}),
            column.explained,
        )
        for column in columns
    ]
    head = (key, *_COLUMNS)
    width = len(head) if any(column.explained for column in columns) else len(head) - 1
    return _table(head[:width], (row[:width] for row in rows))


def _unit(column: Column, flags: Mapping[Flag, str]) -> str:
    if not column.units:
        return _sent(column.unit)
    told = (
        _sent(unit) if code == next(iter(flags)) else f"{_sent(unit)}, with {flags[code]}"
        for code, unit in column.units.items()
    )
    return "; ".join(told)


def _sent(unit: Unit) -> str:
    return unit.name if unit.scale == 1 else f"{unit.name}, sent in {_SCALES[unit.scale]}"


def _flag_words(endpoint: Endpoint) -> dict[Flag, str]:
    """The code, or codes, of the flag that decides on units to what a caller writes for it."""
    if endpoint.unit_flag is None:
        return {}
    keys = [endpoint.unit_flag] if isinstance(endpoint.unit_flag, str) else endpoint.unit_flag
    params = [param for key in keys if (param := endpoint.param(key))]
    words: dict[Flag, str] = {}
    for pairs in product(*(param.choices.items() for param in params)):
        codes = tuple(code for _, code in pairs)
        told = (f'`{param.name}="{word}"`' for param, (word, _) in zip(params, pairs, strict=True))
        words[codes[0] if len(codes) == 1 else codes] = " and ".join(told)
    return words


def _calls(endpoint: Endpoint) -> list[str]:
    start = ("import kiwoomdata as kd", "", 'kd.use("simulator")')
    if not endpoint.example:
        return _python(*start, _request_call(endpoint))
    return [
        *_python(*start, f"frame = {endpoint.example}"),
        "The same TR with every key that the server sends, as {func}`kiwoomdata.request` gives it:",
        "",
        *_python(_request_call(endpoint)),
    ]


def _request_call(endpoint: Endpoint) -> str:
    given = {name: f'"{value}"' for name, value in endpoint.shown.items()}
    if day := endpoint.param(endpoint.unheeded or ""):  # the latest session comes, whatever day is asked for
        given[day.name] = "kd.last_trading_day()"
    if endpoint.rows:
        given |= {"max_pages": "1", "on_truncated": '"mark"'}
    arguments = "".join(f", {name}={value}" for name, value in given.items())
    return f'frame = kd.request("{endpoint.api_id}"{arguments})'


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return [*lines, ""]


def _python(*lines: str) -> list[str]:
    return ["```python", *lines, "```", ""]


def _toctree(names: Iterable[str]) -> list[str]:
    return ["```{toctree}", ":hidden:", "", *names, "```", ""]


def _page(lines: Iterable[str]) -> str:
    return "\n".join(lines).rstrip() + "\n"
