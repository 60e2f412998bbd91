"""Sources: Git repositories fetched into mirrors, packed into artifacts, stored and served."""
