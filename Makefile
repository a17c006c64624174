# Everything is done by packaging/bootstrap.py, so that Windows has the same commands:
# python packaging/bootstrap.py run. It takes the newest Python that fits for .venv, whichever
# starts it; PYTHON=python3.12 chooses another.
ifndef PYTHON
PYTHON := $(shell command -v python3 || command -v python3.13 || command -v python3.12 || command -v python3.11)
endif
ifeq ($(PYTHON),)
$(error Longwatch needs Python 3.11, 3.12 or 3.13, and this machine has none)
endif

COMMANDS := run test test-all check dist bundle screenshot bench setup clean

.DEFAULT_GOAL := help
.PHONY: help $(COMMANDS)

help $(COMMANDS):
	@$(PYTHON) packaging/bootstrap.py $@ $(ARGS)
