"""Frameworks measured with the facade's own calls; each module says how to switch it on and off."""
