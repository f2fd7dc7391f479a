"""Sphinx: `make docs` writes the pages of reference/ and builds the site into build/docs."""

project = "datagen"
author = "the datagen developers"
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "datagen"
html_static_path: list[str] = []
html_copy_source = False
myst_heading_anchors = 3
exclude_patterns = ["notebooks/*"]
# the changelog, the contributors' page and the security page stand at the top of the checkout and link from there
suppress_warnings = ["myst.xref_missing", "misc.highlighting_failure"]
