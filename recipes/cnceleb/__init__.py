"""CN-Celeb 1 and 2: Chinese celebrities in eleven genres."""
