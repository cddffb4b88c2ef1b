"""The assistant: takes customers' messages from the store, lets Rasa decide, stores replies or a hand-over.

With bot/nlu the only package that imports rasa.
"""
