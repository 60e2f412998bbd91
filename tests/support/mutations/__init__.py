"""Random changes of real inputs: where the inputs are, what is changed in them, and how a difference is cut down."""
