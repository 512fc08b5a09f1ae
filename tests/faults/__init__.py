"""Real processes, real signals: whatever dies, the totals stand."""
