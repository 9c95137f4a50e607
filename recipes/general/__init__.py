"""General: the training speech of several corpora."""
