"""HI-MIA: one wake-up word, far from the microphones."""
