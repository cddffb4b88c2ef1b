"""Half an hour at a fixed rate: does memory grow, do answers get slower, and what does Redis keep of a message?

Nothing is killed here; customers, agents and the installation are those of tools/crash.
"""
