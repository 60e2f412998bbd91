"""Functions and plugins outside the reference: what they are told, and what becomes of what they answer.

Nothing here runs a program or reads a file: that is the capability `Context.programs`.
"""
