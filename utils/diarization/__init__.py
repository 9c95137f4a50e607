"""Who spoke when in a recording: turns, clustering of voices, and its scoring."""
