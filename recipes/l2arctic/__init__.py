"""L2-ARCTIC: non-native English."""
