"""Any folder of speakers."""
