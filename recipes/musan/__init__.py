"""MUSAN: music, speech and noise for augmentation."""
