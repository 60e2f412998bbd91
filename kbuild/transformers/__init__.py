"""The builtin transformers, one module each; they never import each other."""
