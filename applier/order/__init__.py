"""Who waits for whom: edges read from the objects themselves, cycles named in full, and one stable order.

There are no stages: a kind's phase is only the priority among steps that are ready.
"""
