"""Carries out plans: the only code that changes a cluster. It decides nothing that the plan could have decided."""
