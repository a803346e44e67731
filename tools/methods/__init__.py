"""Mathematics that tools share; nothing here is a tool."""
