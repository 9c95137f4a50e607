"""A trained system opened: embed speech, enrol speakers, score trials."""
