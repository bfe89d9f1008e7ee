"""The Korean edition says what the English pages say, with the same code, links and figures."""

from __future__ import annotations

import importlib.util
import re
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages import Catalog

from tests.test_docs import DOCS, blocks

pytestmark = pytest.mark.slow

REMEDY = "run `make catalogs`, then translate what is empty or fuzzy in docs/locale/ko/LC_MESSAGES/{}.po"


def _load_catalogs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_catalogs", DOCS / "catalogs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


catalogs = _load_catalogs()
HELD = {
    page: {str(message.id): message for message in catalog if message.id}
    for page, catalog in catalogs.held().items()
}


def test_each_page_that_people_read_is_in_korean_as_it_stands_in_english() -> None:
    wanted = {
        page: {str(message.id) for message in catalog if message.id}
        for page, catalog in catalogs.wanted().items()
    }
    remedies = [
        REMEDY.format(page)
        for page in sorted(wanted.keys() | HELD.keys())
        if wanted.get(page) != HELD.get(page, {}).keys()
    ]
    assert remedies == []
    assert {"index", "quickstart", "howto/prices", "concepts/paging", "reference/tr/which"} <= wanted.keys()


@pytest.mark.parametrize("page", HELD)
def test_a_page_is_translated_whole(page: str) -> None:
    left = [english for english, message in HELD[page].items() if message.fuzzy or not message.string]
    assert left == [], REMEDY.format(page)
    english_still = [
        message.string
        for english, message in HELD[page].items()
        if len(re.findall("[a-z]{2,}", catalogs.CODE.sub("", english))) > 4
        and not re.search("[가-힣]", message.string)
    ]
    assert english_still == []


@pytest.mark.parametrize("page", HELD)
def test_code_links_and_figures_stand_in_both_languages(page: str) -> None:
    for english, message in HELD[page].items():
        korean = message.string
        assert set(catalogs.CODE.findall(korean)) == set(catalogs.CODE.findall(english)), korean
        assert _figures(english) <= _figures(korean), korean


def _figures(text: str) -> Counter[float]:
    found = re.findall(r"(\d+(?:,\d{3})*(?:\.\d+)?) ?(million|만|억)?", text)
    scales = {"": 1, "million": 1_000_000, "만": 10_000, "억": 100_000_000}
    return Counter(float(number.replace(",", "")) * scales[scale] for number, scale in found)


def test_code_is_not_translated() -> None:
    messages = {english.strip() for page in HELD.values() for english in page}
    pages = [path.read_text(encoding="utf-8") for path in DOCS.rglob("*.md")]
    lines = [line for page in pages for block in blocks(page) for line in block.text.split("\n\n")]
    assert len(lines) > 100
    assert messages.isdisjoint(line.strip() for line in lines)


def test_an_edited_sentence_is_left_to_translate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(catalogs, "FOLDER", tmp_path)
    for page, text in ("page", "One line chooses a server."), ("gone", "No page says this now."):
        (tmp_path / f"{page}.po").write_text(f'msgid "{text}"\nmsgstr "번역"\n', encoding="utf-8")
    template = Catalog()
    template.add("One line chooses the server.")
    template.add("A new sentence.")
    monkeypatch.setattr(catalogs, "wanted", lambda: {"page": template})
    catalogs.update()
    held = catalogs.held()
    assert list(held) == ["page"]
    messages = {message.id: (message.string, message.fuzzy) for message in held["page"] if message.id}
    assert messages == {
        "One line chooses the server.": ("번역", True),
        "A new sentence.": ("", False),
    }
    assert "2 to translate in" in capsys.readouterr().out
