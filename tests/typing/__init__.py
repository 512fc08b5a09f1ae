"""Users' code as mypy must see it: checked with ``--strict`` by `make types`, never run.

What must not type-check carries a ``type: ignore[code]``; mypy reports one that nothing needs.
"""
