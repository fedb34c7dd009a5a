"""What was used and what it costs: prices, records, triggers, the balance."""
