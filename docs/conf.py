"""The documentation site: guides, one page an operation, decisions."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

sys.path.append(str(Path(__file__).parent))

project = "marey"
author = "the marey developers"
project_copyright = "the marey developers"
release = metadata.version("marey")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "benchmark_tables",
]
myst_enable_extensions = ["dollarmath", "amsmath", "deflist", "colon_fence"]
myst_heading_anchors = 3
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_param = False
napoleon_attr_annotations = False
autodoc_typehints = "none"
autodoc_mock_imports = ["botorch", "ray"]  # not needed to read about what stands on them

exclude_patterns = ["_build", "gallery"]  # gallery.md includes the texts there

suppress_warnings = ["ref.python"]  # shapes such as (n,) in attribute types are no references

html_theme = "furo"
html_title = f"marey {release}"
html_static_path = ["_static"]
