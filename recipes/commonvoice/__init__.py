"""Common Voice: sentences read by volunteers."""
