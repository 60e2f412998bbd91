"""Facts about kinds, as tables: merge keys and default field specs."""
