"""Where to read and write in a body: field specs, paths, selectors, validation."""
