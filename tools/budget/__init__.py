"""Response curves, allocation and forecast of media spend."""
