"""The status page: what the agent works on, as one page that can only be read."""
