"""The live table: snapshots of an endpoint become rows, and rows a table in the terminal."""
