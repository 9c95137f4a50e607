"""Training of an encoder: phases, losses, batches, checkpoints."""
