"""Messenger in the crash test: a Meta that is never killed, its customers, its bad days and the people in its inbox."""
