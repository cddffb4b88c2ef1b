"""What Meta's webhook costs: signed events in at a fixed rate, beside a busy assistant that answers them.

traffic.py makes what Meta would send, post.py sends it on time, meta.py is the Graph API that the answers go to, and
measure.py says how long the 200 took and what became of every message. Plain Rasa's Facebook channel gets the same.
"""
