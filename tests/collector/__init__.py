"""The OTLP exporter and ``collector-config/`` against a real Collector."""
