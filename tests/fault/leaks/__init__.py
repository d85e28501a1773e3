"""The leak hunt: random policies, callers who look everywhere, and who knows what each may see."""
