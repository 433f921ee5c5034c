"""How are measures and notes given to people and programs? Their figures, and lists of them as CSV and GeoJSON."""
