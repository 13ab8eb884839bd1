"""Webhooks: messages to other systems, signed, retried, and never sent to an address inside the network."""
