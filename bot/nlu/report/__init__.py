"""An evaluation as a page for people: what the figures mean, pictures, and the worst mistakes.

page.py             the page, from page.html.jinja: one file that needs nothing else
plots.py            the pictures
mistakes.py         which mistakes are shown, the worst first
neighbours.py       the training examples that a message looks most like
"""
