"""The agent: reconciles Flux's own resources from Git, on the engine and the applier.

`runtime` keeps objects current, queues and runs; each controller has a package of its own.
"""
