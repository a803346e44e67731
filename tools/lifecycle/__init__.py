"""Stages, triggers and endings of a customer's time with the client."""
