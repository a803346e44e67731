"""What runs later: the task queue and its worker."""
