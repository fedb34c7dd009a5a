"""The Switchboard bot runtime: signed webhooks in, answers out; nothing lost, nothing answered twice.

For: serving the bots of one tenant or many from files (docs/decisions/0001-parts-and-contracts.md).
Assumes: a folder that survives the process, and the tenant's Twilio account.
Refuses: to start on a document it does not wholly understand.

Imports go one way: ``app -> edge -> channels -> conversation -> assistants -> store -> config -> telemetry |
clock | errors``; ``app`` alone wires.
"""
