"""Plain data that every pass shares: scalars, ids, resources, errors, the loaded tree. No I/O."""
