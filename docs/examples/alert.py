"""Tell who enters and leaves a condition that is saved in 영웅문4: python alert.py [NAME] [ALERTS]"""

import sys
from itertools import islice

import kiwoomdata as kd

kd.use("simulator")  # kd.use("real")

NAME = sys.argv[1] if sys.argv[1:] else "상승 종목"
ALERTS = int(sys.argv[2]) if sys.argv[2:] else None  # None: until Ctrl-C


def tell(text: str) -> None:
    """Put your mail or messenger here."""
    print(text, flush=True)


conditions = kd.conditions()
seq = conditions.filter(name=NAME)["seq"]
if seq.is_empty():
    sys.exit(f"no condition {NAME!r}; there are: {', '.join(conditions['name'])}")
listed = [kd.stocks(market).select("symbol", "name") for market in ("kospi", "kosdaq")]
names = dict(row for frame in listed for row in frame.iter_rows())

with kd.condition_stream(seq[0]) as condition:
    tell(f"{NAME}: {condition.members.height} stocks")
    events = (event for frame in condition for event in frame.iter_rows(named=True))
    for event in islice(events, ALERTS):
        stock = f"{event['symbol']} {names.get(event['symbol'], '')}"
        tell(f"{event['received_at']:%H:%M:%S} {stock} {event['action']}")
