"""Rasa custom actions: what an answer alone can't do. Run in the assistant's own process, or by `rasa run actions`."""
