"""Serving under load: passes, queues, latency, what a replica holds."""
