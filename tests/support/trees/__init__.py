"""Random kustomization trees, for builds by the reference and by kbuild."""
