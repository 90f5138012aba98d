"""The adapter to a Stash server, and the only home of httpx.

`documents` names every operation that may be sent; `transport` sends one, once; `answers` tells
data from errors and whose fault those are; `mapping` and `links` turn JSON into domain values;
`reading` survives damage; `client` is the port; `switch` follows the settings; `live` listens to
events. One client speaks to all releases from 0.25 on.
"""

from stashhog.stash.client import StashClient, open_stash
from stashhog.stash.live import StashSubscription
from stashhog.stash.switch import StashSwitch
from stashhog.stash.transport import Screenshot

__all__ = ["Screenshot", "StashClient", "StashSubscription", "StashSwitch", "open_stash"]
