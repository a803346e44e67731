"""Which channel gets credit for what, and on whose word."""
