"""How a run flows: LangGraph graphs for deliverables, and the one function that runs a tool."""
