"""LibriSpeech: English audio books."""
