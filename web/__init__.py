"""How people reach it: pages rendered on the server."""
