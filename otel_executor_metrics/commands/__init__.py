"""The commands that read endpoints, each a module, which imports what it needs when it runs."""
