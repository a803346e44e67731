"""What is computed: deterministic, typed tools, a folder per field. Knows no model, network, database or clock."""
