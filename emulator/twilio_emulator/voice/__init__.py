"""What happens in a call: voice TwiML, the state machine of one call, and the parameters of its webhooks.

Nothing here waits, stores or asks the network: ``machine.advance`` takes a call and what happened to it and
returns the call as it then is, with what is to be done about it.
"""
