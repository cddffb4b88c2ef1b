"""Other programs that take over from our own desk."""
