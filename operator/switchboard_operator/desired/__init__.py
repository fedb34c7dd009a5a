"""What should be: pure functions from manifests to objects. No client, no clock, no environment."""
