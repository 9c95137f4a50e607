"""VoxLingua107: languages from videos."""
