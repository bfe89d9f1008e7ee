"""The public face: what is there, what it costs to import, and what type checkers see."""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

import kiwoomdata as kd
import kiwoomdata.pandas as kdp
from kiwoomdata._public import FRAMES
from kiwoomdata.query import Options

PACKAGE = Path(kd.__file__).parent


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


def test_importing_the_package_imports_nothing_heavy() -> None:
    heavy = [
        "polars",
        "pandas",
        "matplotlib",
        "requests",
        "websockets",
        "holidays",
        "msgspec",
        "kiwoomdata.simulator",
    ]
    assert run(f"import sys, kiwoomdata; print([m for m in {heavy} if m in sys.modules])") == "[]"


def test_a_first_call_imports_nothing_that_it_does_not_need() -> None:
    needless = ("pandas", "matplotlib", "websockets", "tqdm", "asyncio", "kiwoomdata.entries.feeds")
    code = (
        "import sys, kiwoomdata as kd; kd.use('simulator');"
        "kd.daily_prices('005930', '2024-01-02', '2024-01-05');"
        f"print([m for m in {needless} if m in sys.modules])"
    )
    assert run(code) == "[]"


def test_every_public_name_can_be_had_and_is_listed() -> None:
    for name in kd.__all__:
        assert getattr(kd, name) is not None
        assert name in dir(kd)
    with pytest.raises(AttributeError, match="no attribute 'orders'"):
        kd.orders  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize("module", [kd, kd.cache, kd.plot, kd.simulator], ids=lambda module: module.__name__)
def test_completion_offers_the_public_names_and_nothing_else(module: ModuleType) -> None:
    assert sorted(dir(module)) == sorted(module.__all__)
    for name in dir(module):
        assert getattr(module, name) is not None


def test_the_names_that_type_checkers_see_are_those_that_there_are() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.asname for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen == set(kd.__all__) - {"__version__"}


def test_the_names_that_type_checkers_see_in_the_pandas_face_are_the_same() -> None:
    tree = ast.parse((PACKAGE / "pandas.py").read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    there = {alias.asname for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assigned = [node for node in (*tree.body, *block.body) if isinstance(node, ast.Assign)]
    names = [name for node in assigned for target in node.targets for name in ast.walk(target)]
    made = {name.id for name in names if isinstance(name, ast.Name)}
    made |= {node.target.id for node in block.body if isinstance(node, ast.AnnAssign)}
    made |= {node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    assert set(kd.__all__) - {"__version__"} <= there | made
    assert set(FRAMES) <= made


@pytest.mark.parametrize("face", ["kiwoomdata", "kiwoomdata.pandas"])
def test_a_star_brings_the_public_names_and_nothing_else(face: str) -> None:
    brought: dict[str, object] = {}
    exec(f"from {face} import *", brought)
    assert set(brought) - {"__builtins__", "to_pandas"} == set(kd.__all__)


def test_a_submodule_never_hides_a_public_name() -> None:
    """Importing ``kiwoomdata.x`` sets the attribute x: a function of that name would be gone."""
    modules = {path.stem for path in PACKAGE.glob("*.py")} | {p.name for p in PACKAGE.iterdir() if p.is_dir()}
    functions = {name for name in kd.__all__ if inspect.isroutine(getattr(kd, name))}
    assert not modules & functions


@pytest.mark.parametrize("name", [n for n in kd.__all__ if inspect.isroutine(getattr(kd, n))])
def test_every_public_function_says_what_it_gives_and_shows_it(name: str) -> None:
    text = inspect.getdoc(getattr(kd, name)) or ""
    assert "Examples" in text
    assert ">>> " in text
    if "on_truncated" in inspect.signature(getattr(kd, name)).parameters:
        for word in ("Returns", "One row is"):
            assert word in text, word
        assert re.search(r"Sources?: k[at][0-9]{5}", text)


def test_no_two_classes_have_one_name() -> None:
    places: dict[str, list[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(path.relative_to(PACKAGE).as_posix())
    assert len(places) > 100
    assert not {name: where for name, where in places.items() if len(where) > 1}


def test_there_is_no_order_in_the_package() -> None:
    """Read-only: no address of orders or accounts stands anywhere in the code."""
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for forbidden in (
            "/api/dostk/ordr",
            "/api/dostk/crdordr",
            "/api/dostk/acnt",
            "pickle.loads",
            "eval(",
        ):
            assert forbidden not in text, (path.name, forbidden)


TYPED = """
from typing import assert_type
import pandas as pd
import polars as pl
import kiwoomdata as kd
import kiwoomdata.pandas as kdp

assert_type(kd.daily_prices("005930", "2024-01-02"), pl.DataFrame)
assert_type(kdp.daily_prices(["005930"], "2024-01-02", names="ko"), pd.DataFrame)
assert_type(kdp.program_trend(market="kospi", start="2024-01-02"), pd.DataFrame)
assert_type(kd.request("ka10086", symbol="005930"), pl.DataFrame)
assert_type(kdp.request("ka10086", symbol="005930"), pd.DataFrame)
assert_type(kd.request_parts("ka10086", symbol="005930"), dict[str, pl.DataFrame])
assert_type(kdp.request_parts("ka10086", symbol="005930"), dict[str, pd.DataFrame])
assert_type(kd.estimate.daily_prices("005930", "2024-01-02"), kd.Estimate)
assert_type(kd.scan.daily_prices("005930"), pl.LazyFrame)
assert_type(kd.ticks("folder"), pl.LazyFrame)
assert_type(kdp.ticks("folder"), pd.DataFrame)
assert_type(kd.cache.info(), pl.DataFrame)
assert_type(kdp.cache.info(), pd.DataFrame)
assert_type(kd.stream_to_frame("005930").bars("1m"), pl.DataFrame)
assert_type(kdp.stream_to_frame("005930").frame(), pd.DataFrame)
assert_type(kd.condition_stream("1").members, pl.DataFrame)
assert_type(kdp.condition_stream("1").members, pd.DataFrame)
for event in kdp.stream_to_frame("005930"):
    if isinstance(event, kd.Gap):
        assert_type(event.reason, str)
    else:
        assert_type(event.frame, pd.DataFrame)
def heard(event: kd.Batch | kd.Gap) -> None: ...
def heard_in_pandas(event: kdp.Batch | kdp.Gap) -> None: ...
def shown(live: kd.Live) -> pl.DataFrame:
    return live.frame()
def shown_in_pandas(live: kdp.Live) -> pd.DataFrame:
    return live.frame()
shown(kd.stream_to_frame("005930", on_batch=heard))
shown_in_pandas(kdp.stream_to_frame("005930", on_batch=heard_in_pandas))
kdp.stream_to_frame("005930", on_batch=heard)  # wrong
shown(kdp.stream_to_frame("005930"))  # wrong
kd.use("simulator")
kd.daily_prices("005930", "2024-01-02", measure="won")  # wrong
kd.daily_prices("005930", "2024-01-02", offline="yes")  # wrong
kdp.daily_prices("005930", "2024-01-02", names="kr")  # wrong
kdp.daily_prices("005930", "2024-01-02", as_="pandas")  # wrong
kd.daily_price("005930", "2024-01-02")  # wrong
kd.estimate.daily_price("005930", "2024-01-02")  # wrong
kd.estimate.daily_prices("005930", "2024-01-02", measure="won")  # wrong
kdp.daily_price("005930", "2024-01-02")  # wrong
"""


def mypy(file: Path) -> set[int]:
    """The lines in which it finds an error; what `make types` has read of the package is not read again."""
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "-O", "json", str(file)],
        capture_output=True,
        text=True,
        timeout=280,
        cwd=PACKAGE.parent,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    return {each["line"] for each in told if each["file"].endswith(file.name) and each["severity"] == "error"}


def pyright(file: Path) -> set[int]:
    """The same."""
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, str(file)],
        capture_output=True,
        text=True,
        timeout=280,
        cwd=file.parent,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    told = json.loads(done.stdout)["generalDiagnostics"]
    return {each["range"]["start"]["line"] + 1 for each in told if each["severity"] == "error"}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("checker", [mypy, pyright], ids=["mypy", "pyright"])
def test_checkers_tell_polars_from_pandas_and_find_wrong_words_and_names(
    tmp_path: Path, checker: Callable[[Path], set[int]]
) -> None:
    file = tmp_path / "typed.py"
    file.write_text(TYPED)
    wrong = {n for n, line in enumerate(TYPED.splitlines(), 1) if line.endswith("# wrong")}
    assert checker(file) == wrong


def test_the_pandas_face_has_every_public_name() -> None:
    assert set(dir(kdp)) - {"to_pandas"} == set(kd.__all__)
    for name in kd.__all__:
        assert getattr(kdp, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'orders'"):
        kdp.orders  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize("name", FRAMES)
def test_signature_and_help_of_the_pandas_face_name_pandas(name: str) -> None:
    ours, theirs = getattr(kd, name), getattr(kdp, name)
    assert theirs.__name__ == name
    assert "pandas.DataFrame" in str(inspect.signature(theirs))
    assert "pandas" in theirs.__doc__
    assert list(inspect.signature(theirs).parameters) == list(inspect.signature(ours).parameters)


def test_help_shows_the_options_that_all_functions_take() -> None:
    shown = inspect.signature(kd.daily_prices).parameters
    for name in Options.__annotations__:
        assert name in shown
        assert f"    {name}\n" in (kd.daily_prices.__doc__ or "")


def test_the_rows_of_an_error_are_pandas_rows_in_the_pandas_face(
    server: kd.simulator.Server, client: kd.Client
) -> None:
    with pytest.raises(kd.Truncated) as caught:
        kdp.request("ka10086", symbol="005930", until="2024-12-30", max_pages=1, client=client)
    assert type(caught.value.frame).__module__.startswith("pandas")
