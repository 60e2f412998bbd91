"""The API server, seen from the applier."""
