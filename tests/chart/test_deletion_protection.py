"""The policy that the chart installs, on a real API server: a protected Tenant is not deleted."""

from __future__ import annotations
