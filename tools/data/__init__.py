"""What the client's data holds and what it cannot answer."""
