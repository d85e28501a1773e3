"""Who may call what: the table of all RPCs and built-in roles, made from the protos and the roles.

What stands in it follows from a small model of docs/access.md that shares no code with the services.
tests/authorization holds the services to it, cell by cell.
"""
