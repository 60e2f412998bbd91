"""applier: the port through which rendered resources reach a cluster.

kbuild renders; what it renders is applied through a `Cluster`. This package holds that port and the values that cross
it. It has no transport: whoever applies brings an object that satisfies `applier.cluster.api.Cluster`. It imports
kbuild by its public names alone, and kbuild never imports it.
"""
