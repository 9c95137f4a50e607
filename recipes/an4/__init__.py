"""AN4: spelt names and numbers, in NIST SPHERE."""
