"""The client: which server, which key, how fast, and the way from a request to typed frames."""

from kiwoomdata.client.checks import NO_AS, endpoint_of, main_part, positive, refuse_gone
from kiwoomdata.client.chosen import current, default_client, use
from kiwoomdata.client.client import Client
from kiwoomdata.client.connection import NO_CHOICE, OnTruncated

__all__ = [
    "NO_AS",
    "NO_CHOICE",
    "Client",
    "OnTruncated",
    "current",
    "default_client",
    "endpoint_of",
    "main_part",
    "positive",
    "refuse_gone",
    "use",
]
