"""Exemplars, baggage and providers: the package beside the rest of OpenTelemetry."""
