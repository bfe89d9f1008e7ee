"""How the documentation is built: ``make docs``. Nothing is fetched from the network."""

from __future__ import annotations

import sys
from pathlib import Path

from sphinx.application import Sphinx

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import generate  # noqa: E402 - they stand beside this file
import notebook_pages  # noqa: E402
import samples  # noqa: E402
import search_words  # noqa: E402

import kiwoomdata as kd  # noqa: E402

project = "kiwoomdata"
author = "kiwoomdata maintainers"
copyright = author
release = version = kd.__version__
language = "en"  # `make docs` builds ko/ as well, from the catalogs: see catalogs.py
locale_dirs = [str(HERE / "locale")]  # whole, or Sphinx looks for sphinx.js in the working folder
gettext_compact = False

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "quickstart-ko.md"]  # the latter is for those who read on GitHub
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
myst_links_external_new_tab = True

autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_member_order = "bysource"
autodoc_default_options = {"show-inheritance": False}
napoleon_google_docstring = False

html_theme = "furo"
html_title = f"kiwoomdata {version}"
templates_path = ["_templates"]
html_static_path = ["_static"]
html_css_files = ["kiwoomdata.css"]
html_show_sphinx = False
html_copy_source = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#b3261e", "color-brand-content": "#1a4f9c"},
    "dark_css_variables": {"color-brand-primary": "#ff8a80", "color-brand-content": "#8ab4f8"},
}


def setup(app: Sphinx) -> None:
    samples.setup(app)
    search_words.setup(app)
    source = Path(app.srcdir)
    app.connect("builder-inited", lambda _: generate.write(source / "reference"))
    app.connect("builder-inited", lambda _: notebook_pages.write(source / "notebooks"))
