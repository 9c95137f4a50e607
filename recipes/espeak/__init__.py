"""The embedded default corpus: synthetic voices."""
