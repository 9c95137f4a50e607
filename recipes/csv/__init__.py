"""A table of audio files and speakers."""
