"""Stand-ins for what a test can't have, in one place."""
