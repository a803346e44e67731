"""The wire protocols of OpenAI and Anthropic, spoken from the server's side."""
