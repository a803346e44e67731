"""What others publish about the market."""
