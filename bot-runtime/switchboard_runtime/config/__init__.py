"""What the runtime is told: tenant documents, credentials and settings, read from files and checked whole."""

from switchboard_runtime.config.credentials import Credentials, CredentialsFolder
from switchboard_runtime.config.directory import Directory, load_directory
from switchboard_runtime.config.documents import (
    Assistant,
    Number,
    Product,
    Rule,
    TenantDocument,
    localized,
)
from switchboard_runtime.config.settings import Settings

__all__ = [
    "Assistant",
    "Credentials",
    "CredentialsFolder",
    "Directory",
    "Number",
    "Product",
    "Rule",
    "Settings",
    "TenantDocument",
    "load_directory",
    "localized",
]
