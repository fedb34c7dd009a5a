"""The runtime under everything that goes wrong at once: is each message answered exactly once, and in order?"""
