"""Addresses, bundles and what the countries of the numbers ask for."""
