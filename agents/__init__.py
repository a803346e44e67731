"""Who answers: one file per specialist (role, prompt, tools, deliverable)."""
