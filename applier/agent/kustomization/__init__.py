"""Kustomizations of Flux: built from an artifact, substituted, applied, pruned, waited for."""
