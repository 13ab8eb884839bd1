"""The watch over models: drift, alarms, and what happens by itself."""
