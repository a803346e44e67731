"""Simulated brands with a known ground truth."""
