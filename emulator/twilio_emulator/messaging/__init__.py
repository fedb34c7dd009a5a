"""What happens to messages: addresses, segments, sending, receiving, and the states in between."""
