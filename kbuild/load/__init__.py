"""Path to tree: the only pass that reads files."""
