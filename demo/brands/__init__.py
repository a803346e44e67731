"""The true parameters of each simulated brand, one file each."""
