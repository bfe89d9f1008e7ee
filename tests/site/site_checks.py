"""The built site in a real browser: each page opened, and the search asked as people ask.

``make site`` builds it and runs this. ``python -m tests.site.site_checks FOLDER`` takes pictures of a few
pages. The file is not named like a test, as it needs Chromium: where there is none it says so, and fails
under CI.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import pytest

from tests.browser import CHROMIUM, Browser, browsing, serving

BUILT = Path(__file__).parents[2] / "docs/_build/html"

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"),
    reason="no chromium on this machine: the site was built, and not opened",
)

ASKED = {
    "수급": "howto/flows",
    "수정주가": "concepts/adjusted",
    "분봉": "howto/prices",
    "공매도": "reference/api/lending",
    "호가": "howto/orderbook",
    "체결강도": "reference/api/prices",
    "주가": "howto/prices",
    "조건검색": "howto/live",
    "프로그램매매": "howto/program",
    "백테스트": "howto/backtesting",
    "엑셀": "examples/index",
    "테마": "reference/api/themes",
    "resample": "howto/prices",
    "weekly": "howto/prices",
    "adjusted prices": "concepts/adjusted",
    "rate limit": "concepts/quotas",
    "short selling": "reference/api/lending",
    "order book": "howto/orderbook",
    "excel": "examples/index",
    "offline": "howto/cache",
    "websocket": "howto/live",
    "backtest": "howto/backtesting",
    "pykrx": "migration",
}
PARTS = ("순매", "도추이", "그램매", "베이시")
"""Parts of Korean words, which stand in no list of words: something is found."""

PHONE, DESKTOP = (390, 844), (1280, 900)
ENGLISH_ONLY = ("reference/tr/k", "reference/feed/")

# All results are shown once the dots of the title are gone.
FOUND = """
new Promise(done => {
  const look = () => {
    const title = document.querySelector('#search-results h2');
    if (!title || title.querySelector('span')) return false;
    const links = document.querySelectorAll('#search-results ul.search > li > a');
    done([...links].map(link => link.getAttribute('href')));
    return true;
  };
  if (!look()) new MutationObserver((_, watch) => look() && watch.disconnect()).observe(
    document.body, {childList: true, subtree: true, characterData: true});
})
"""
SUMMARY = "document.querySelector('#search-results p.search-summary').innerText"
FITS = "[document.documentElement.scrollWidth, window.innerWidth]"
BROKEN = "[...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src)"


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    assert (BUILT / "ko/index.html").exists(), "make docs builds it"
    with serving(BUILT) as address:
        yield address


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


def found(browser: Browser, site: str, words: str) -> list[str]:
    browser.open(f"{site}/search.html?q={quote(words)}")
    addresses: list[str] = browser.ask(FOUND)
    return [address.split("?")[0].split("#")[0].removesuffix(".html") for address in addresses]


@pytest.mark.parametrize("page", ["index", "howto/keys"])
def test_a_page_leads_to_itself_in_the_other_language(page: str) -> None:
    for folder, words in (BUILT, "한국어"), (BUILT / "ko", "English"):
        html = (folder / f"{page}.html").read_text(encoding="utf-8")
        link = re.search(rf'href="([^"]+)"\s+hreflang="\w+" lang="\w+">{words}<', html)
        assert link is not None
        other = (folder / page).parent / link[1]
        assert other.samefile(BUILT / ("ko" if words == "한국어" else "") / f"{page}.html")
    korean = (BUILT / "ko/quickstart.html").read_text(encoding="utf-8")
    assert "빠른 시작" in korean
    assert "On this page" not in korean


@pytest.mark.parametrize("edition", ["", "/ko"])
@pytest.mark.timeout(300)
def test_the_search_gives_the_right_page_first(browser: Browser, site: str, edition: str) -> None:
    first = {words: next(iter(found(browser, site + edition, words)), None) for words in ASKED}
    assert first == ASKED


@pytest.mark.parametrize(
    ("edition", "told"),
    [("", r"Search finished, found \d+ pages matching the search query\."), ("/ko", r"\d+쪽을 찾았습니다\.")],
)
def test_the_search_says_how_many_pages_it_found(
    browser: Browser, site: str, edition: str, told: str
) -> None:
    found(browser, site + edition, "수급")
    assert re.fullmatch(told, browser.ask(SUMMARY))


@pytest.mark.parametrize("edition", ["", "/ko"])
def test_parts_of_korean_words_are_found(browser: Browser, site: str, edition: str) -> None:
    assert [words for words in PARTS if not found(browser, site + edition, words)] == []


@pytest.mark.timeout(900)
def test_each_page_opens_without_an_error_and_fits_on_a_phone_and_a_desk(browser: Browser, site: str) -> None:
    pages = sorted(path.relative_to(BUILT).as_posix() for path in BUILT.rglob("*.html"))
    pages = [page for page in pages if not page.startswith(tuple(f"ko/{name}" for name in ENGLISH_ONLY))]
    assert len(pages) > 200
    wrong: dict[str, object] = {}
    for page in pages:
        browser.size(*DESKTOP)
        browser.open(f"{site}/{page}")
        for width, height in (DESKTOP, PHONE):
            browser.size(width, height)
            whole, window = browser.ask(FITS)
            if whole > window:
                wrong[f"{page} at {width}"] = f"{whole} pixels wide"
        if broken := browser.ask(BROKEN):
            wrong[f"{page} pictures"] = broken
        if browser.said:
            wrong[f"{page} says"] = list(browser.said)
    assert not wrong, "\n".join(f"{place}: {what}" for place, what in wrong.items())


def test_a_picture_follows_dark_mode(browser: Browser, site: str) -> None:
    shown = "[...document.images].filter(i => i.alt == 'Movers' && i.offsetParent).map(i => i.src)"
    browser.size(*DESKTOP)
    for scheme, name in (("dark", "movers-dark.png"), ("light", "movers.png")):
        browser.scheme(scheme)
        browser.open(f"{site}/gallery.html")
        assert [src.rpartition("/")[2] for src in browser.ask(shown)] == [name, name]


def pictures(folder: Path) -> None:
    """A few pages as they are seen, where people want to look."""
    folder.mkdir(exist_ok=True)
    with TemporaryDirectory() as profile, serving(BUILT) as site, browsing(Path(profile)) as browser:
        for name, page, size, scheme in (
            ("gallery-dark", "gallery.html", DESKTOP, "dark"),
            ("notebook-dark", "notebooks/06-market-in-a-morning.html", DESKTOP, "dark"),
            ("search-ko", f"ko/search.html?q={quote('수급')}", DESKTOP, "light"),
            ("phone", "ko/gallery.html", PHONE, "light"),
            ("notebook", "notebooks/07-a-strategy-from-data-to-backtest.html", DESKTOP, "light"),
            ("index-ko", "ko/index.html", DESKTOP, "light"),
        ):
            browser.size(size[0], 1800 if size == DESKTOP else size[1])
            browser.scheme(scheme)
            browser.open(f"{site}/{page}")
            browser.shot(folder / f"{name}.png")


if __name__ == "__main__":
    pictures(Path(sys.argv[1]))
