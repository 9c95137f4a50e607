"""Two-covariance PLDA: the model, its training, and Kaldi's files of it."""
