"""The work queue, the store of what was seen, and the loop that feeds the reconcilers."""
