"""Are two recordings of one person: answers, and the error rates to expect of them."""
