"""Drive the PyPI client `vero` through every method: BASE_URL TOKEN PERSON. Prints a JSON line for each call."""

import json
import sys

from vero import client

base, token, person = sys.argv[1:4]
# The client has no option for its address: its endpoints are constants, replaced one by one.
for name, endpoint in list(vars(client.VeroEndpoints).items()):
    if isinstance(endpoint, client.Endpoint):
        address = endpoint.url.replace("https://api.getvero.com", base)
        setattr(client.VeroEndpoints, name, client.Endpoint(endpoint.method, address))

vero = client.VeroEventLogger(token)
email = f"{person}@example.com"


def tell(call, answer):
    print(json.dumps({"call": call, "status": answer.status_code, "body": answer.text}), flush=True)


print(json.dumps({"call": "heartbeat", "ok": vero.heartbeat()}), flush=True)
tell("add_user", vero.add_user(person, {"full_name": "Dana Döe", "age": 30}, user_email=email))
tell("add_event", vero.add_event("Visited Website", {"visited": "front page"}, person, user_email=email))
tell("add_event", vero.add_event("visited-website", {"visited": "front page"}, person))
tell("edit_user", vero.edit_user(person, {"age": 31}))
tell("add_tags", vero.add_tags(person, ["blue", "red"]))
tell("remove_tags", vero.remove_tags(person, ["red"]))
tell("unsubscribe_user", vero.unsubscribe_user(person))
tell("resubscribe_user", vero.resubscribe_user(person))
tell("reidentify_user", vero.reidentify_user(person, f"{person}-new"))
tell("add_user", vero.add_user(f"{person}-gone", {}, user_email=None))
tell("delete_user", vero.delete_user(f"{person}-gone"))
