"""The builtin generators, and how what they make joins what is there."""
