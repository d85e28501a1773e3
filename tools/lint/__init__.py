"""The checks behind `tools/dev lint`. Each module holds a few rules and has a function `check(tree)` that yields findings.

What a rule says, and what to do instead, stands in docs/style.md and nowhere else: the lint prints the guide's own words.
"""
