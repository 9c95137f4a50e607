"""Labels of utterances: one spelling of each thing."""

GENDERS = {
    "f": "f", "female": "f", "woman": "f", "women": "f", "girl": "f", "girls": "f",
    "females": "f", "m": "m", "male": "m", "man": "m", "men": "m", "boy": "m",
    "boys": "m", "males": "m",
}  # fmt: skip
