"""What every value means: data, one file per category of the vendor's guide. No behaviour."""

from __future__ import annotations

from kiwoomdata.entries import program, quote
from kiwoomdata.entries.entry import Endpoint

__all__ = ["ENDPOINTS", "VERSION"]

VERSION = "1"
"""Raised when a kind reads texts otherwise, so that stored rows are read again by the new rule."""

ENDPOINTS: dict[str, Endpoint] = {
    endpoint.api_id: endpoint
    for endpoint in sorted((*quote.ENDPOINTS, *program.ENDPOINTS), key=lambda endpoint: endpoint.api_id)
}
