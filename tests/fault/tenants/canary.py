"""Marks: each tenant has one, which stands in the ids and texts of its records and nowhere else."""

import re

MARKS = re.compile(rb"zqx(\d\d)xqz")
TENANTS_MAX = 100


def mark_of(number: int) -> str:
    return f"zqx{number:02}xqz"


def marks_in(content: bytes) -> set[int]:
    """The tenants of whom something is told."""
    return {int(number) for number in MARKS.findall(content)}
