"""WhatsApp: senders and their states, the 24-hour window, what its users send."""
