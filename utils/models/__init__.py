"""Encoders, and the folder of a trained one."""
