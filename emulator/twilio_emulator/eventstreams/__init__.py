"""Event Streams: what happened, told to sinks."""
