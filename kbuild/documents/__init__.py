"""Text to bodies and bodies to text. Everything about YAML and JSON syntax is here."""
