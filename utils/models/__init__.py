"""Encoders: each maps features (B, T, F) and lengths (B,) to embeddings (B, D)."""
