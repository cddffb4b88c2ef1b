"""How fast it is, side by side with plain `rasa run` on the same data and messages: `make bench`.

Machines are noisy, so nothing is asserted on a time: both sides are asked the same in turn, in one run, and the ratio
of their medians is what counts. docs/explanation/performance.md says what is measured and how.
"""
