"""Sound: reading, commands that make it, rooms and telephone lines."""
