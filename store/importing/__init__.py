"""Client data in: reading a file, suggesting and applying a column mapping, checking, and one atomic commit."""
