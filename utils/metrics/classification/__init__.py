"""How well classes and numbers are told from speech: accent, language, gender, age."""
