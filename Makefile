# `make` alone checks; `make help` lists what there is; `make run` is all that a newcomer needs.
.DEFAULT_GOAL := check
.PHONY: help setup run fake-messenger test check train export import new-company activate rollback evaluate evaluate-more compare lint-data bench crash soak desk-load editor-bench demo-day screenshots lock format password messenger-setup clean setup-test
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
WEB := .venv/bin/python
ASSISTANT := .venv-assistant/bin/python
# What Rasa's old dependencies say about each other and the processor is not for who reads figures.
QUIET := TF_CPP_MIN_LOG_LEVEL=3 PYTHONWARNINGS=ignore::DeprecationWarning

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*##/\1\t/p' Makefile | expand -t 16

setup:  ## both environments; quick when nothing changed
	@$(PYTHON) -m tools.setup

setup-test:
	@$(PYTHON) -m tools.setup --test

run: setup  ## start everything; Ctrl-C stops everything
	@$(WEB) -m bot.launch

fake-messenger: setup  ## [PORT=8090] [RUN=1]: Messenger without an account: chat as the customer; RUN=1 starts the bot too
	@$(WEB) -m tests.fakes.graph $(if $(PORT),--port "$(PORT)") $(if $(RUN),--run)

test: setup-test  ## every test, in both environments; ARGS="-k queue" picks some
	@$(WEB) -m tools.run_tests $(ARGS)

check: setup-test  ## formatting, lint, types, arrows, docs
	$(WEB) -m ruff format --check .
	$(WEB) -m ruff check .
	$(WEB) -m mypy
	$(WEB) -m pytest -q tests/test_arrows.py tests/test_docs.py

format: setup-test  ## put the code in its standard form
	$(WEB) -m ruff format .
	$(WEB) -m ruff check --fix .

train: setup  ## train a model and activate it if it passes data/golden.jsonl; ARGS='--override "reason"' if it must
	@$(WEB) -m bot.redis_server $(ASSISTANT) -m bot.assistant.train $(ARGS)

export: setup  ## [DIR=folder]: write the topics and answers of the browser into the files of the Rasa project
	@$(WEB) -m bot.redis_server $(WEB) -m bot.project export $(if $(DIR),"$(DIR)") $(ARGS)

import: setup  ## [DIR=folder] [ARGS="--dry-run --overwrite"]: take topics and answers over from those files
	@$(WEB) -m bot.redis_server $(WEB) -m bot.project import $(if $(DIR),"$(DIR)") $(ARGS)

new-company: setup  ## DIR=folder NAME="name": an empty Rasa project for another company
	@$(if $(and $(DIR),$(NAME)),,$(error Say where and for whom: make new-company DIR=../bakker NAME="Bakker Jansen"))$(WEB) -m bot.project.new_company "$(DIR)" "$(NAME)"

activate: setup  ## MODEL=name: let another trained model answer, once it is seen to work
	@$(if $(MODEL),,$(error Say which: make activate MODEL=name; GET /api/v1/models lists them))$(WEB) -m bot.redis_server $(ASSISTANT) -m bot.assistant.activate "$(MODEL)"

rollback: setup  ## let the model answer that was active before this one
	@$(WEB) -m bot.redis_server $(ASSISTANT) -m bot.assistant.activate --rollback

evaluate: setup  ## TEST=file [TRAIN=file] [OOS=file] [OUT=file] [REPORT=folder]: how good are the answers
	@$(if $(TEST),,$(error Say which messages to try: make evaluate TEST=messages.jsonl))$(QUIET) $(ASSISTANT) -m bot.nlu.evaluate \
		--test "$(TEST)" $(if $(TRAIN),--train "$(TRAIN)") $(if $(OOS),--oos "$(OOS)") $(if $(OUT),--out "$(OUT)") $(if $(REPORT),--report "$(REPORT)")

evaluate-more: setup  ## [TEST=file] [TRAIN=file] [OUT=file] [EVERY=n]: typos, unknown questions, cross-validation; minutes
	@$(QUIET) $(ASSISTANT) -m bot.nlu.robustness $(if $(TEST),--test "$(TEST)") $(if $(TRAIN),--train "$(TRAIN)") \
		$(if $(OUT),--out "$(OUT)") $(if $(EVERY),--every "$(EVERY)")

compare: setup  ## TEST=file [TRAIN=file] [OOS=file] [OUT=file.md]: side by side with Rasa's recommended pipeline; minutes
	@$(if $(TEST),,$(error Say which messages to try: make compare TEST=messages.jsonl))$(QUIET) $(ASSISTANT) -m tools.compare \
		--test "$(TEST)" $(if $(TRAIN),--train "$(TRAIN)") $(if $(OOS),--oos "$(OOS)") $(if $(OUT),--out "$(OUT)")

lint-data: setup  ## [DATA=file] [OUT=file] [ARGS=--errors-only]: what is wrong, doubtful or missing in the examples
	@$(ASSISTANT) -m bot.nlu.lint_data $(if $(DATA),"$(DATA)") $(if $(OUT),--json "$(OUT)") $(ARGS)

bench: setup-test  ## how fast, side by side with plain `rasa run`; a quarter of an hour; ARGS=--quick to see whether it works
	@$(WEB) -m tools.bench $(ARGS)

crash: setup-test  ## [SEEDS=n | SEED=n] [ARGS=...]: kill processes while customers write, and look whether all is kept
	@$(WEB) -m tools.crash $(if $(SEEDS),--seeds $(SEEDS)) $(if $(SEED),--seed $(SEED)) $(ARGS)

soak: setup-test  ## [MINUTES=n] [RATE=n] [ARGS=...]: half an hour at 5 messages a second: memory, latency, what Redis keeps
	@$(WEB) -m tools.soak $(if $(MINUTES),--minutes $(MINUTES)) $(if $(RATE),--rate $(RATE)) $(ARGS)

desk-load: setup-test  ## [ARGS=...]: fifty desks while two hundred customers write for two minutes: does each show every change
	@$(WEB) -m tools.desk_load $(ARGS)

editor-bench: setup-test  ## [ARGS=...]: how long editors wait for their pages, with 50 answers and with 1,000; two minutes
	@$(WEB) -m tools.editor_bench $(ARGS)

demo-day: setup-test  ## the product with a day's work in it, to look at; nothing is kept
	@$(WEB) -m tools.demo_day

screenshots: setup-test  ## [ARGS="NAME ..."]: the pictures of docs/pages.md; ARGS=--full takes whole pages
	@$(WEB) -m tools.screenshots $(ARGS)

password: setup  ## NAME=account: a new password for who forgot theirs
	@$(WEB) -m tools.password $(if $(NAME),"$(NAME)")

messenger-setup: setup  ## [PAGE=id] [ARGS=--dry-run]: is Meta's side ready, and are the pages as messenger.yml says
	@$(WEB) -m bot.web.channels.messenger.setup $(if $(PAGE),--page "$(PAGE)") $(ARGS)

lock:  ## compile requirements/ from pyproject.toml; UPGRADE=--upgrade takes the newest
	@$(PYTHON) -m tools.lock $(UPGRADE)

clean:  ## remove caches; environments, models and var/ stay
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.venv*' -prune -exec rm -rf {} +
