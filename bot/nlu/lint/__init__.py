"""The parts of `make lint-data`: what is wrong, doubtful or missing in the examples. bot/nlu/lint_data.py runs them."""
