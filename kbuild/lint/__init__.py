"""What is allowed and still most likely wrong: the rules behind `kbuild lint`, and the JSON Schema of a kustomization."""
