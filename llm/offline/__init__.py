"""The offline rules: a chat model that is a rule-based planner and writer. It is not a language model and says so."""
