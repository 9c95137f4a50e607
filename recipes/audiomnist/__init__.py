"""AudioMNIST: spoken English digits."""
