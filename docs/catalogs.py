"""Catalogs of the Korean edition: ``make catalogs`` brings them up to the English pages.

There is one in ``locale/ko/LC_MESSAGES`` for each page that people read, by the page's name. Generated pages,
docstrings, the changelog and the pages for those who go on building stay English; code is the same in both.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from babel.messages import Catalog
from babel.messages.pofile import read_po, write_po

__all__ = ["CODE", "FOLDER", "held", "update", "wanted"]

HERE = Path(__file__).parent
FOLDER = HERE / "locale/ko/LC_MESSAGES"

ENGLISH = ("changelog", "develop/", "notebooks/0", "reference/benchmarks")
"""Pages that stay English beside the generated ones. They are read, for the menu names them in Korean."""
_UNREAD = ["_build", "quickstart-ko.md", "reference/feed", "reference/tr/index.md", "reference/tr/k*.md"]
# Without autodoc a page is its prose alone, and is read in a moment.
_QUICK = ["-D", "extensions=myst_parser", "-D", f"exclude_patterns={','.join(_UNREAD)}"]

CODE = re.compile(r"(?:\{\w+\})?`[^`]+`|(?<=\])\([^)]+\)|\bk[at]\d{5}")
"""What stands in both languages alike: literals, roles, targets of links, names of TRs."""


def wanted() -> dict[str, Catalog]:
    """What each page has to say, by the page's name."""
    with TemporaryDirectory() as out:
        build = [sys.executable, "-m", "sphinx", "-Q", "-b", "gettext", *_QUICK, str(HERE), out]
        subprocess.run(build, check=True, timeout=240)  # noqa: S603 - its own words alone
        found = _read(Path(out), "pot")
    found = {page: catalog for page, catalog in found.items() if not page.startswith(ENGLISH)}
    for catalog in found.values():
        for message in list(catalog):
            if not re.search("[A-Za-z]", CODE.sub("", str(message.id))):
                catalog.delete(message.id)
    return {page: catalog for page, catalog in found.items() if len(catalog)}


def held() -> dict[str, Catalog]:
    """The catalogs as they are, by the page's name."""
    found = _read(FOLDER, "po")
    found.pop("sphinx", None)  # the theme's own words, of no page
    return found


def _read(folder: Path, ending: str) -> dict[str, Catalog]:
    catalogs = {}
    for file in sorted(folder.rglob(f"*.{ending}")):
        with file.open("rb") as text:
            catalogs[file.relative_to(folder).with_suffix("").as_posix()] = read_po(text, locale="ko")
    return catalogs


def update() -> None:
    """Write what is new into the catalogs, empty or with a guess marked fuzzy, and drop what is gone."""
    pages, old = wanted(), held()
    for page, template in pages.items():
        catalog = old.get(page) or Catalog(
            "ko",
            header_comment=f"# {page}.md in Korean",
            project="kiwoomdata",
            version="0",
            msgid_bugs_address="see CONTRIBUTING.md",
            creation_date=template.creation_date,
            revision_date=template.creation_date,
            last_translator="kiwoomdata maintainers",
            language_team="ko",
            fuzzy=False,
        )
        catalog.update(template, update_creation_date=False)
        file = FOLDER / f"{page}.po"
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as out:
            write_po(out, catalog, width=110, no_location=True, ignore_obsolete=True)
        left = sum(message.fuzzy or not message.string for message in catalog if message.id)
        if left:
            print(f"{left:4} to translate in {file}")
    for page in old.keys() - pages.keys():
        (FOLDER / f"{page}.po").unlink()


if __name__ == "__main__":
    update()
