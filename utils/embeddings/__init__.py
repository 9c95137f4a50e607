"""Embeddings of whole utterances, and their files."""
