"""What is kept: Postgres and pgvector for records and context, Delta tables for client facts."""
