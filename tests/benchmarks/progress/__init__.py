"""How far from the truth progress and times left are, on recorded runs."""
