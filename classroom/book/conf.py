"""How Sphinx builds the book; `classroom/site.py` lays the sources out and runs it."""

project = "Softmax by Hand"
author = ""
language = "en"
extensions = ["myst_nb", "sphinx_copybutton", "sphinxcontrib.bibtex", "classroom.directives"]
bibtex_bibfiles = ["references.bib"]
bibtex_reference_style = "author_year"
exclude_patterns = ["_lessons"]
html_extra_path = ["_extra"]  # archives of the notebooks

# --- what is read: lessons have run already, and problem sets are not to be run
nb_execution_mode = "off"
nb_ipywidgets_js: dict[str, dict[str, str]] = {}  # would come from a network
myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
numfig = True  # a formula with a label is (3.2), the second of chapter 3

# --- what is shown
html_theme = "sphinx_book_theme"
html_title = project
html_theme_options = {
    "home_page_in_toc": True,
    "show_toc_level": 2,
    "toc_title": "On this page",
    "use_download_button": False,
    "search_bar_text": "Search the book ...",
    "footer_content_items": "",
    "logo": {"text": project},
    "navbar_persistent": [],  # the search is in the sidebar
}
html_context = {"default_mode": "auto"}
html_static_path = ["_static"]
html_css_files = ["slider.css", "book.css"]
html_js_files = ["slider.js", "book.js"]
html_favicon = "_static/favicon.svg"
html_show_copyright = False
html_show_sphinx = False
html_show_sourcelink = False
html_copy_source = False
html_use_index = False
copybutton_selector = "div:not(.output) > div.highlight pre"

# --- formulas, by the copy of MathJax 3 that `classroom/vendor.py` brings
mathjax_path = "mathjax.js"
mathjax3_config = {
    "options": {"enableMenu": False},
    "svg": {"fontCache": "local", "scale": 0.95},
}
