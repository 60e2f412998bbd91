"""Helm's side of the agent: repositories and charts as sources, releases by the `helm` program."""
