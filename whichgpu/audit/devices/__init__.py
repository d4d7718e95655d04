"""Of which GPUs a text speaks: their names, descriptions and who a sentence is about."""
