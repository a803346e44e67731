"""How a rendered text is read: its numerals, its sentences, whom they speak of, and which figure stands behind each."""
