"""What may programs say of coverage and advice, and how do people read it? Messages, the packed grid, words."""
