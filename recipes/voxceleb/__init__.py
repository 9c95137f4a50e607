"""VoxCeleb 1 and 2: celebrities in interviews."""
