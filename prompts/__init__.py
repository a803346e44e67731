"""What the model is told: versioned Markdown, never Python strings."""
