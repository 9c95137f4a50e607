"""How programs run: errors, atomic writes, progress, devices, clusters."""
