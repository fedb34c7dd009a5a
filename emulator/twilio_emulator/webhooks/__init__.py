"""Calls to customers' URLs: what they say, how they are signed, sent, repeated and answered."""
