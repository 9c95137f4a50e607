"""A Kaldi data directory."""
