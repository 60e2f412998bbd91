"""Inventories as values: their text, their ConfigMaps, who owns what, what may be pruned, and other tools' inventories.

Reading and writing them is `applier/executor`'s.
"""
