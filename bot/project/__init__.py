"""The Rasa project's files: read into what community managers own, and written from it."""
