"""How programs reach it: REST and server-sent events under /api/v1."""
