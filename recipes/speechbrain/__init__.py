"""SpeechBrain's manifests."""
