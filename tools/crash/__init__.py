"""Kills the product while customers write, and then looks whether anything was lost, doubled or said at the wrong time.

`run.py` is the whole story of one seed. Customers and agents know the product by its sockets and routes only; the
verdict reads what Redis has, and compares it with what the customers saw.
"""
