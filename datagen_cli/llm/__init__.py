"""Talking to models: the client with its retries, limits, budget and call cache, and one file a provider."""
