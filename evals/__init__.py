"""How a prompt change is judged."""
