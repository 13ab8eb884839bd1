"""The queue from which a CRM integration takes leads."""
