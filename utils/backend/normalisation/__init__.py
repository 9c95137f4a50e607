"""Score normalisation: the cohort, and the ways to use it."""
