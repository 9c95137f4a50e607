"""Corpora: manifests, splits, trial design and their description."""
