"""Level-triggered reconcilers: observe, decide (a pure function), act."""
