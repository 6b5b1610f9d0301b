# Two commands do everything from a fresh clone: `make grade` and `make test`.
# `make help` lists the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := build/demo
REGRESSION := build/linear_regression
ASSIGNMENTS := ps1 ps2 ps3 ps4 ps5

.PHONY: help setup system grade regression test browser lint bench soak kill lab lecture slides site lite \
  examples pictures requirements clean

help:
	@echo "make grade         set up, build the release, grade the sample class into $(DEMO)/"
	@echo "make regression    the same for a second course, into $(REGRESSION)/: release to diagnosis"
	@echo "make test          set up, lint, and run every test"
	@echo "make bench         compare with stock nbgrader and the bare cells (ten minutes)"
	@echo "make soak          grade 10,000 submissions once (half an hour), and coordinator, writer and scheduler alone"
	@echo "make kill          judge some ten thousand wrong functions at 50 seeds each (an hour or two)"
	@echo "make lab           open JupyterLab on the course"
	@echo "make lecture       open JupyterLab on the lessons, with type for a projector"
	@echo "make slides        each lesson as one HTML file of slides, into build/slides/"
	@echo "make site          the course as a book to read, into build/site/"
	@echo "make lite          problem sets and lessons in a browser, nothing to install, into build/lite/"
	@echo "make examples      build the sample submissions anew from examples/"
	@echo "make pictures      take the pictures of README and docs/ anew (after make grade)"
	@echo "make requirements  compile requirements.txt anew from pyproject.toml"
	@echo "make clean         remove what was built"

# --- Set-up: shared by everything, done again only when its inputs change -------

setup: system $(VENV)/.installed

# The pinned requirements come first, so that the project's own needs are met by them.
$(VENV)/.installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 10) <= sys.version_info[:2] <= (3, 14) else "Python 3.10 to 3.14 is needed, this is " + sys.version.split()[0] + "; try: make PYTHON=python3.11 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep -o '^uv==[0-9.]*' requirements.txt)"
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --requirement requirements.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

# bubblewrap isolates what students wrote; without it grading refuses to start.
system:
	@sh .ci/system-packages.sh

# --- The main job --------------------------------------------------------------

grade: setup
	$(BIN)/autograder release $(ASSIGNMENTS)
	mkdir -p $(DEMO)
	rm -rf $(DEMO)/source $(DEMO)/submitted
	cp -R source $(DEMO)/source
	mkdir -p $(DEMO)/notebooks && cp notebooks/figures.py notebooks/digits* $(DEMO)/notebooks/
	cp -R examples/submitted $(DEMO)/submitted
	cp nbgrader_config.py $(DEMO)/
	$(BIN)/autograder release $(ASSIGNMENTS) --course $(DEMO)
# Exit code 1 is right: some of the sample class hand in what cannot be read, and it is named.
	$(BIN)/autograder grade $(ASSIGNMENTS) --course $(DEMO) || [ $$? -eq 1 ]

# The second course: released, graded and reported by the same grader.
regression: setup
	rm -rf $(REGRESSION)/source $(REGRESSION)/submitted $(REGRESSION)/linear_regression
	mkdir -p $(REGRESSION)
	cp -R examples/linear_regression/. $(REGRESSION)
	$(BIN)/autograder release hw1 --course $(REGRESSION)
	$(BIN)/autograder grade hw1 --course $(REGRESSION)
	$(BIN)/autograder feedback hw1 --course $(REGRESSION)
	$(BIN)/autograder report hw1 --course $(REGRESSION)
	$(BIN)/autograder export hw1 --to csv --course $(REGRESSION)
	$(BIN)/autograder diagnose $(REGRESSION)/foreign.ipynb --course $(REGRESSION)

# --- Tests -----------------------------------------------------------------------

test: setup lint browser
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

# Slides, pages and sliders are looked at in a real browser.
browser:
	@sh .ci/browser.sh

lint: setup
	$(BIN)/pre-commit run --all-files --show-diff-on-failure

# --- Figures, for benchmarks/results.md; `python -m benchmarks --help` has smaller ones ---

bench: setup
	$(BIN)/python -m benchmarks bench --results benchmarks/results.md

soak: setup
	$(BIN)/python -m benchmarks soak --results benchmarks/results.md
	$(BIN)/python -m benchmarks parts --results benchmarks/results.md

kill: setup
	$(BIN)/python -m benchmarks kill --results benchmarks/results.md

# --- For people ------------------------------------------------------------------

lab: setup
	$(BIN)/autograder release $(ASSIGNMENTS)
	-$(BIN)/python -m classroom mathjax
	$(BIN)/jupyter lab $$(test "$$(id -u)" = 0 && echo --allow-root)

# Settings of its own, which may be changed: the reader's are left alone.
lecture: setup
	mkdir -p build && rm -rf build/projector && cp -R classroom/projector build/projector
	$(BIN)/jupyter lab --LabApp.user_settings_dir=$(CURDIR)/build/projector \
	  --ServerApp.root_dir=$(CURDIR)/notebooks $$(test "$$(id -u)" = 0 && echo --allow-root)

slides site lite: setup
	$(BIN)/python -m classroom $@ $(if $(LITE),--lite $(LITE)) $(if $(REPOSITORY),--repository $(REPOSITORY))

examples: setup
	mkdir -p $(REGRESSION) && cp -R examples/linear_regression/. $(REGRESSION)
	$(BIN)/autograder release hw1 --course $(REGRESSION)
	$(BIN)/python -m examples.build

# The tests that look at JupyterLab keep what they see.
pictures: setup browser
	PICTURES=$(CURDIR)/docs/pictures $(BIN)/python -m pytest tests/test_jupyterlab.py \
	  tests/test_formgrader.py -k "led or missing or cards_points"
	$(BIN)/autograder feedback ps1 --course $(DEMO)
	$(BIN)/autograder report ps1 --course $(DEMO)
	$(BIN)/python docs/pictures.py

requirements: setup
	$(BIN)/uv pip compile --quiet --universal --python-version 3.10 --all-extras \
	  --no-annotate --no-header --no-emit-index-url --no-emit-find-links \
	  pyproject.toml --output-file requirements.txt

clean:
	rm -rf build $(VENV)
