"""RIRS_NOISES: room responses and noises for augmentation."""
