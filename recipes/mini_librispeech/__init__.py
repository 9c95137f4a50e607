"""Mini LibriSpeech: five hours of LibriSpeech."""
