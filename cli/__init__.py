"""How a terminal reaches it: the command `groundwork`."""
