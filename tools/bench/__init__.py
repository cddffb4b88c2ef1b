"""How fast a turn is, side by side with plain `rasa run` on the same data and messages.

Machines are noisy, so nothing is asserted on a time: both sides are asked in turn, message by message, in one run, and
the ratio of their medians is what counts.
"""
