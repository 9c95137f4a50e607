"""From audio to the stored filterbanks of its speech."""
