"""Event Streams: what happens, sent to the customers' sinks as CloudEvents."""
