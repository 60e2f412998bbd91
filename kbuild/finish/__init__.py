"""What runs once, at the root, after the fold."""
