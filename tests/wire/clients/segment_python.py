"""Drive `segment-analytics-python` or `rudder-sdk-python`: LIBRARY BASE_URL WRITE_KEY PERSON [sync] [gzip] [plain] [one] [tries=N].

Prints a JSON line for each error that the library reports or raises, and one when it has finished.
"""

import datetime as dt
import importlib
import json
import logging
import sys

library, base, key, person, *modes = sys.argv[1:]
logging.disable(logging.CRITICAL)
Client = importlib.import_module(f"{library}.analytics.client").Client
tries = next((int(mode.partition("=")[2]) for mode in modes if mode.startswith("tries=")), 10)


def on_error(error, _batch):
    print(json.dumps({"error": str(error)}), flush=True)


options = {"host": base, "on_error": on_error, "sync_mode": "sync" in modes, "max_retries": tries, "upload_interval": 0.05}
if "gzip" in modes or "plain" in modes:
    options["gzip"] = "gzip" in modes
analytics = Client(key, **options)


def call(method, *positional, **named):
    try:
        getattr(analytics, method)(*positional, **named)
    except Exception as error:
        on_error(error, None)


call("track", person, "Item Purchased", {"revenue": 14.99}, timestamp=dt.datetime(2026, 1, 2, 3, 4, 5, 678000, dt.UTC))
if "one" not in modes:
    call("identify", person, {"email": f"{person}@example.com", "phone": "+4930123456", "name": "Dana Döe", "n": None})
    call("track", anonymous_id=f"{person}-anonymous", event="Opened", properties={"score": float("nan"), "kept": 1})
    call("track", person, "Broken", {"too_large": 2**70})
    call("page", person, "Docs", "API", {"url": "https://x.example/p"})
    call("screen", person, "Docs", "Home")
    call("group", person, f"{person}-group", {"name": "Initech"})
    call("alias", f"{person}-old", f"{person}-new")
    call("track", person, "Tagged", {}, integrations={"Vero": {"tags": {"action": "add", "values": ["vip"]}}})
    call("track", person, "Chose", context={"consent": {"categoryPreferences": {"marketing_email": False}}})
    call("identify", person, {"plan": "pro"}, anonymous_id=f"{person}-anonymous")
if "sync" not in modes:
    analytics.flush()
    analytics.join()
print(json.dumps({"finished": True}), flush=True)
