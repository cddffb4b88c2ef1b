"""How good the answers are, beside Rasa's recommended configuration: same data, same messages, same measures.

sides.py               trains one side through Rasa's graph and reads what it says of the messages
recommended_rasa.yml   the other side
"""
