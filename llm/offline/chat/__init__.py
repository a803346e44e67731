"""The offline rules in a conversation: tools by the words of the question, an answer from their findings. No language model."""
