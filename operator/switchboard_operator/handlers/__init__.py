"""The Kopf edge: events in, keys out. The only place that imports kopf."""
