"""The outside world behind the ports of ``ports``: the API server, Twilio, the clock."""
