"""AccentDB: accents of English."""
