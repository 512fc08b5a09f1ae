"""A sample executor with a live table of its metrics, and a workload that tests can check against.

``executor.py`` is the part to read: it shows how a program uses the library.
"""
