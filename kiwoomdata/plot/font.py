"""The font of the charts: one that has every Hangul syllable, shipped with the package."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from matplotlib import font_manager

__all__ = ["FAMILIES", "FONT_FILE", "register"]

FONT_FILE = Path(__file__).parent / "fonts" / "NanumSquareRoundR.ttf"

# A name of our own, so that nobody's "NanumSquareRound" changes and pictures are the same everywhere.
FAMILY = "kiwoomdata Hangul"

FAMILIES = [FAMILY, "DejaVu Sans"]
"""What texts are written in. The second, which matplotlib brings along, has what the first lacks: U+2212."""


def register() -> None:
    """Tell matplotlib where the font is.

    It stays told, because texts look their font up when they are drawn; nothing else of the font
    manager changes, and no family that it knew before means another file afterwards.
    """
    known = font_manager.fontManager.ttflist
    if not any(entry.name == FAMILY for entry in known):
        known.append(replace(font_manager.ttfFontProperty(font_manager.get_font(FONT_FILE)), name=FAMILY))
