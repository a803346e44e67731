"""Prices: what the client asks, what that leaves, how demand answers."""
