"""``switchboard-runtime migrate`` and ``tenant-role``: an administrator's commands, answered in JSON."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from switchboard_runtime.errors import ConfigurationError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

__all__ = ["add_commands", "run_command"]

_VARIABLE = "SWITCHBOARD_ADMIN_DSN"


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the commands."""
    told = f"postgresql:// URL of a role that may create schemas and roles; better in {_VARIABLE}, where no ps shows it"
    migrate = commands.add_parser("migrate", help="bring the PostgreSQL schema forward, beside programs that use it")
    migrate.add_argument("--admin-dsn", help=told)
    role = commands.add_parser("tenant-role", help="make or end the PostgreSQL roles of a tenant")
    acts = role.add_subparsers(dest="act", required=True)
    create = acts.add_parser("create", help="make one more role; its password is printed, once")
    drop = acts.add_parser("drop", help="end the tenant's roles and their sessions; its rows stay")
    for act in (create, drop):
        act.add_argument("--tenant", required=True, help="tenant.id of the tenant's document")
        act.add_argument("--admin-dsn", help=told)
    drop.add_argument("--keep", help="the role that stays, in a rotation")


def run_command(flags: Mapping[str, str | None], environment: Mapping[str, str]) -> str:
    """Do what the command line says.

    Returns:
        One line of JSON.

    Raises:
        ConfigurationError: it could not be done.
    """
    from switchboard_runtime.store.postgres import admin  # noqa: PLC0415  # it brings a driver

    dsn = flags["admin_dsn"] or environment.get(_VARIABLE)
    if not dsn:
        raise ConfigurationError(_VARIABLE, "is empty; set it, or use --admin-dsn")
    if flags["command"] == "migrate":
        before, after = asyncio.run(admin.migrate(dsn))
        return json.dumps({"before": before, "after": after})
    tenant = flags["tenant"] or ""
    if flags["act"] == "create":
        made = asyncio.run(admin.create_role(dsn, tenant))
        return json.dumps({"tenant": made.tenant, "role": made.role, "password": made.password})
    return json.dumps({"tenant": tenant, "dropped": asyncio.run(admin.drop_roles(dsn, tenant, keep=flags["keep"]))})
