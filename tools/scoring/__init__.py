"""Who the customers are and how they differ."""
