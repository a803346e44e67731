"""How to find out, and what it takes."""
