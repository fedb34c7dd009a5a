"""The store in PostgreSQL: many tenants in one database, each under its own role, for several processes at once.

Nothing is imported here: the driver (the extra ``postgres``) is loaded only where a tenant has a database.
"""
