"""Who is speaking, while the sound is still coming."""
