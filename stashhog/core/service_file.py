"""The file by which one-shot commands find the service that holds a data folder."""

SERVICE_FILE = "service.json"
"""The running service's address and token; 0600, in the data folder."""
