"""`make setup`: two Python environments from nothing, with nothing but one Python >= 3.10 and the standard library.

__main__.py       the table of contents: which steps, in which order
console.py        what the user sees; running slow commands; SetupError
pythons.py        finds a Python that really runs
uv.py             finds or installs uv, which fetches packages
environments.py   creates .venv and .venv-assistant, and knows when nothing changed
spacy_model.py    the Dutch spaCy model, if it can be had
chromium.py       a browser for the tests
"""
