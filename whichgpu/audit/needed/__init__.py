"""Memory that a model needs: in tables, by bytes for each parameter, and the verdict on it."""
