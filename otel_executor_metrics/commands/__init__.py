"""The commands, each a module of its name, which imports what it needs when it runs."""
