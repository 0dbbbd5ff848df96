# Every task of dev.py by its name: `make quick` is `python3 dev.py quick`.
.DEFAULT_GOAL := help

.PHONY: help
help:
	@python3 dev.py

.PHONY: FORCE
FORCE:

%: FORCE
	@python3 dev.py $@

Makefile: ;
