"""What is generated from a catalogue."""
