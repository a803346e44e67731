"""A deliverable as HTML, PDF and plain Markdown."""
