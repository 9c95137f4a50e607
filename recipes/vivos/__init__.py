"""VIVOS: Vietnamese read speech."""
