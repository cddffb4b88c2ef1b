"""Set-up, Redis, `make run`."""
