"""Flux's commands for operators: what there is, what is on hold, what shall run now."""
