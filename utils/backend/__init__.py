"""From embeddings to scores: transforms, scorers, calibration."""
