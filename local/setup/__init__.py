"""What several programs share: options, and what they load before their work."""
