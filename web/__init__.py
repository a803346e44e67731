"""How people reach it: pages rendered on the server, with small scripts of our own where a page lives."""
