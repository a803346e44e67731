"""Which model answers: OpenAI, Anthropic, anything OpenAI-compatible, and the offline rules."""
