"""How are equal parts of an object told apart? By the order of the photographs, pair by pair."""
